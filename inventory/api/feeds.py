"""The machines' door to the feeds: a signed call delivers a file, and its batch can be followed.

Not a person but a feed comes in here: its token says which, the signature says that the body is its own and new.
"""

import hmac
from collections.abc import Iterator
from typing import Any

from django.http import Http404
from django.urls import reverse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, OpenApiTypes, extend_schema
from rest_framework import serializers, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, PermissionDenied, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from inventory import audit_log
from inventory.connectors.base import UnknownFormatError
from inventory.models import FeedKey, ImportBatch
from inventory.services.imports import TooLargeError, deliveries
from inventory.services.imports.deliveries import Call, ClosedError, NotAuthenticError, ReplayedError

TYPES = (
    *("application/json", "application/x-ndjson", "application/jsonl", "text/csv", "application/octet-stream"),
    *("application/zip", "application/gzip", "application/x-gzip"),
)
_BLOCK = 1 << 18
WEBHOOK_TOKEN, WEBHOOK_CODE = "Webhook-AuthID", "Webhook-ValidationCode"
_COUNTS = ("rows", "stored", "duplicates", "quarantined", "ignored", "unmatched")


class FeedAuthentication(BaseAuthentication):
    """A feed by its bearer token, or by the token that Microsoft 365 was told to send along (`Webhook-AuthID`)."""

    def authenticate(self, request: Request) -> tuple[None, FeedKey]:
        word, _, token = request.headers.get("Authorization", "").partition(" ")
        if word.lower() != "bearer":
            token = request.headers.get(WEBHOOK_TOKEN, "")
        key = deliveries.key_of(token.strip()) if token.strip() else None
        wanted = request.parser_context["kwargs"]["feed"] if request.parser_context else ""
        if key is None or key.feed.slug != wanted:
            raise AuthenticationFailed("No valid token of this feed. Send “Authorization: Bearer …”.")
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class FeedAuthenticationSchema(OpenApiAuthenticationExtension):
    """How the schema tells it."""

    target_class = FeedAuthentication
    name = "feedToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "The token of the feed; calls are signed as well."}


class IsOpen(BasePermission):
    """The feed is switched on, and the call comes from where it may."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        assert isinstance(request.auth, FeedKey)
        try:
            deliveries.admit(request.auth.feed, audit_log.request_address.get())
        except ClosedError as problem:
            deliveries.note_refusal(request.auth.feed, str(problem))
            raise PermissionDenied(str(problem)) from problem
        return True


class FeedThrottle(SimpleRateThrottle):
    """So many calls a minute by feed and address, those that are refused included."""

    scope = "feed"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"feed-throttle:{view.kwargs['feed']}:{audit_log.request_address.get()}"


class Unread(BaseParser):
    """The body is read by the view, block by block, whatever its type."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream


class Refused(APIException):
    """An answer with its status and words; `more` goes into the answer beside them."""

    def __init__(self, code: int, why: str, **more: Any) -> None:
        super().__init__({"detail": why, **more})
        self.status_code = code


class BatchSerializer(serializers.ModelSerializer):
    """Where the reading of a delivered file stands. rows = stored + duplicates + quarantined + ignored."""

    batch = serializers.IntegerField(source="pk")
    percent = serializers.IntegerField(help_text="How much of the file is read.")

    class Meta:
        model = ImportBatch
        fields = (
            *("batch", "state", "percent", "kind", "file_name", "size", "sha256", *_COUNTS),
            *("error", "created_at", "started_at", "finished_at"),
        )
        read_only_fields = fields


class AcceptedSerializer(serializers.Serializer):
    """The batch that was made; `url` tells how far it is, as the header `Location` does."""

    batch = serializers.IntegerField()
    url = serializers.CharField()
    kind = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class FeedView(APIView):
    """What every address of a feed has in common."""

    authentication_classes = (FeedAuthentication,)
    permission_classes = (IsOpen,)
    throttle_classes = (FeedThrottle,)
    parser_classes = (Unread,)

    def perform_authentication(self, request: Request) -> None:
        """Count the call first: tokens can't be tried without end."""
        super().check_throttles(request)
        super().perform_authentication(request)

    def check_throttles(self, request: Request) -> None:
        """Done already."""


_SAID = {
    401: "No valid token, or a signature or time that doesn't fit.",
    403: "The feed is switched off, or the address none of its own.",
    409: "This signed call was taken before; `url` leads to its batch.",
    411: "The length of the body is missing.",
    413: "The body is too large.",
    415: "A content type, or an encoding, that is not taken.",
    422: "The content is of no known kind, or of another than this feed takes.",
    429: "Too many calls.",
}
_HEADERS = [
    OpenApiParameter("X-Hub-Timestamp", int, OpenApiParameter.HEADER, description="Seconds since 1970, of now."),
    OpenApiParameter(
        "X-Hub-Signature",
        str,
        OpenApiParameter.HEADER,
        description="v1= and the HMAC-SHA256, in hexadecimal, of timestamp, dot and body with the signing key.",
    ),
    OpenApiParameter("X-Hub-File-Name", str, OpenApiParameter.HEADER, description="A name to show."),
    OpenApiParameter("feed", str, OpenApiParameter.PATH),
]


class Deliveries(FeedView):
    """POST delivers a file."""

    @extend_schema(
        summary="Deliver a file of a feed",
        parameters=_HEADERS,
        request=dict.fromkeys(TYPES, OpenApiTypes.BINARY),
        responses={
            202: AcceptedSerializer,
            **{code: OpenApiResponse(description=said) for code, said in _SAID.items()},
        },
    )
    def post(self, request: Request, feed: str) -> Response:
        """The body is the file: anything the upload page takes. It is read in the background."""
        assert isinstance(request.auth, FeedKey)
        try:
            size = _size(request)
            if request.headers.get(WEBHOOK_TOKEN) and not request.headers.get("Authorization"):
                return _webhook(request, request.auth, size)
            return _accepted(_deliver(request, request.auth, size))
        except Refused as problem:
            deliveries.note_refusal(request.auth.feed, str(problem.detail["detail"]))  # type: ignore[call-overload,index]
            raise


def _deliver(request: Request, key: FeedKey, size: int) -> ImportBatch:
    call = Call(
        timestamp=request.headers.get("X-Hub-Timestamp", ""),
        signature=request.headers.get("X-Hub-Signature", ""),
        file_name=request.headers.get("X-Hub-File-Name", "") or f"{key.feed.slug} by API",
        size=size,
    )
    _check_type(request)
    try:
        return deliveries.deliver(key, call, _blocks(request))
    except NotAuthenticError as problem:
        raise Refused(status.HTTP_401_UNAUTHORIZED, str(problem)) from problem
    except ReplayedError as problem:
        raise Refused(status.HTTP_409_CONFLICT, str(problem), **_where(problem.batch)) from problem
    except TooLargeError as problem:
        raise Refused(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, str(problem)) from problem
    except UnknownFormatError as problem:
        raise Refused(status.HTTP_422_UNPROCESSABLE_ENTITY, str(problem)) from problem


def _size(request: Request) -> int:
    """How long the body says it is. One that doesn't say would be read as empty, so it is refused."""
    given = request.headers.get("Content-Length", "")
    if not given.isdecimal() or request.headers.get("Transfer-Encoding"):
        raise Refused(status.HTTP_411_LENGTH_REQUIRED, "Send the length of the body (Content-Length).")
    return int(given)


def _check_type(request: Request) -> None:
    given = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if given not in TYPES:
        raise Refused(
            UnsupportedMediaType.status_code, f"“{given[:60]}” is not taken. Send one of: {', '.join(TYPES)}."
        )
    if request.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
        raise Refused(UnsupportedMediaType.status_code, "No content encoding is taken: send the body as it is signed.")


def _blocks(request: Request) -> Iterator[bytes]:
    while block := request._request.read(_BLOCK):
        yield block


def _where(batch: ImportBatch | None) -> dict[str, Any]:
    if batch is None or batch.feed is None:
        return {}
    return {"batch": batch.pk, "url": reverse("api-feed-batch", args=[batch.feed.slug, batch.pk])}


def _accepted(batch: ImportBatch) -> Response:
    body = {**_where(batch), "kind": batch.kind, "size": batch.size, "sha256": batch.sha256}
    return Response(
        AcceptedSerializer(body).data, status=status.HTTP_202_ACCEPTED, headers={"Location": str(body["url"])}
    )


def _webhook(request: Request, key: FeedKey, size: int) -> Response:
    """A notification of the Office 365 Management Activity API. It can't be signed, so nothing of it is taken for a
    record: it only says that there is content to be fetched. A validation code is confirmed by 200."""
    if size > deliveries.MOST_ANNOUNCED_BYTES:
        raise Refused(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, "Too large for a notification.")
    body = request._request.read()
    code = request.headers.get(WEBHOOK_CODE, "")
    if code and hmac.compare_digest(code.encode(), deliveries.validation_code(body).encode()):
        return Response({"validationCode": code})
    try:
        return Response({"announced": deliveries.announce(key.feed, body)})
    except ValueError as problem:
        raise Refused(status.HTTP_422_UNPROCESSABLE_ENTITY, str(problem)) from problem


class BatchView(FeedView):
    """GET tells where a delivered file stands."""

    @extend_schema(
        summary="Follow a delivered file",
        parameters=[
            OpenApiParameter("feed", str, OpenApiParameter.PATH),
            OpenApiParameter("id", int, OpenApiParameter.PATH),  # what the schema calls `pk`
        ],
        responses=BatchSerializer,
    )
    def get(self, request: Request, feed: str, pk: int) -> Response:
        assert isinstance(request.auth, FeedKey)
        found = ImportBatch.objects.filter(pk=pk, feed=request.auth.feed).first()
        if found is None:
            raise Http404("This feed has no such batch.")
        return Response(BatchSerializer(found).data)
