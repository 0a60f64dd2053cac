"""The ground storey's API: the register, and one's own tokens. What the caller may not see is a 404."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from inventory import access
from inventory.access import Permission
from inventory.api.narrowing import refuse
from inventory.api.serializers import (
    ApplicationSerializer,
    CreatedTokenSerializer,
    NewTokenSerializer,
    TokenSerializer,
    refused,
)
from inventory.choices import ApplicationKind, Lifecycle
from inventory.models import AIApplication, User
from inventory.selectors.asked import Reader
from inventory.services import sessions


def person(request: Request) -> User:
    """Whose request it is: IsAuthenticated lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user


_ORDERS = ("name", "external_id", "kind", "lifecycle", "registered_at", "updated_at")
_DOWNWARDS = tuple(f"-{order}" for order in _ORDERS)
_FILTERS = [
    OpenApiParameter("department", str, description="External key; its sub-tree is included."),
    OpenApiParameter("kind", str, enum=ApplicationKind.values, description="Several are parted by commas."),
    OpenApiParameter("lifecycle", str, enum=Lifecycle.values, description="Several are parted by commas."),
    OpenApiParameter("owner", str, description="User name."),
    OpenApiParameter("q", str, description="Part of the name, purpose, vendor or external id."),
    OpenApiParameter("external_id", str),
    OpenApiParameter("updated_since", datetime, description="ISO 8601."),
    OpenApiParameter("ordering", str, enum=[*_ORDERS, *_DOWNWARDS]),
]


@extend_schema_view(
    list=extend_schema(summary="AI applications that you may see", parameters=_FILTERS),
    retrieve=extend_schema(summary="One AI application"),
    create=extend_schema(summary="Register an AI application"),
    partial_update=extend_schema(summary="Change an AI application"),
)
class ApplicationViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet,
):
    """The register."""

    queryset = AIApplication.objects.none()  # for the schema; `get_queryset` decides
    serializer_class = ApplicationSerializer
    http_method_names = ("get", "post", "patch", "head", "options")

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        seen = access.applications(person(self.request))
        return seen.select_related("department", "owner", "deputy").prefetch_related("identifiers")

    def filter_queryset(self, queryset: Any) -> Any:
        """The list as the address asks for it, by the same names as on the list page; what can't be applied is refused,
        because leaving it out would answer with more than was asked for."""
        if self.action != "list":
            return queryset
        reader = Reader(self.request.query_params)
        key, q, owner = reader.text("department"), reader.text("q"), reader.text("owner")
        fields = {
            "kind__in": reader.words("kind"),
            "lifecycle__in": reader.words("lifecycle"),
            "external_id": reader.text("external_id"),
            "updated_at__gte": reader.moment("updated_since"),
        }
        order = reader.word("ordering", (*_ORDERS, *_DOWNWARDS))
        reader.only(("department", "kind", "lifecycle", "owner", "q"), "This list")
        refuse(reader.problems)
        if key:
            queryset = queryset.in_department(access.department_or_404(person(self.request), key))
        if q:
            queryset = queryset.search(q)
        if owner:
            queryset = queryset.owned_by(owner)
        return queryset.filter(**{name: value for name, value in fields.items() if value}).order_by(
            order or "name", "id"
        )

    def get_object(self) -> AIApplication:
        application = super().get_object()
        if self.request.method == "PATCH":
            access.require(person(self.request), Permission.EDIT, application.department)
        return application

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        access.require(person(request), Permission.EDIT)  # before anything is said about the input
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: Any) -> None:
        self._save(serializer)

    def perform_update(self, serializer: Any) -> None:
        self._save(serializer)
        serializer.instance = self.get_queryset().get(pk=serializer.instance.pk)

    @transaction.atomic
    def _save(self, serializer: Any) -> None:
        try:
            serializer.save()
        except ValidationError as problems:
            raise refused(problems) from problems


class TokenViewSet(viewsets.ViewSet):
    """One's own API tokens."""

    lookup_field = "token_key"
    lookup_value_regex = "[^/]+"

    @extend_schema(summary="My API tokens", responses=TokenSerializer(many=True))
    def list(self, request: Request) -> Response:
        return Response(TokenSerializer(sessions.tokens(person(request)), many=True).data)

    @extend_schema(summary="Make an API token", request=NewTokenSerializer, responses={201: CreatedTokenSerializer})
    def create(self, request: Request) -> Response:
        """Only in a signed-in session: a token can't prolong its own life by making another."""
        if not isinstance(request.successful_authenticator, SessionAuthentication):
            raise PermissionDenied("Sign in to make a token; a token can't make tokens.")
        given = NewTokenSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            row, token = sessions.create_token(actor=person(request), days=given.validated_data["days"])
        except ValidationError as problems:
            raise refused(problems) from problems
        answer = {"token_key": row.token_key, "created": row.created, "expiry": row.expiry, "token": token}
        return Response(CreatedTokenSerializer(answer).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Revoke one of my API tokens",
        parameters=[OpenApiParameter("token_key", str, OpenApiParameter.PATH)],
        responses={204: None},
    )
    def destroy(self, request: Request, token_key: str) -> Response:
        if not sessions.revoke_token(actor=person(request), token_key=token_key):
            raise Http404("No such token.")
        return Response(status=status.HTTP_204_NO_CONTENT)
