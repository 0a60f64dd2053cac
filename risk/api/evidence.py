"""Evidence by the API: the same services as the pages, the same rules."""

from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.api.serializers import refused
from inventory.api.views import person
from inventory.models import AIApplication
from inventory.web.downloads import attachment
from risk.api.base import OfApplication
from risk.api.serializers import CorrectionSerializer, EvidenceSerializer, NewEvidenceSerializer, WithdrawalSerializer
from risk.models import Evidence
from risk.selectors.evidence import items_of
from risk.services import evidence, evidence_files
from risk.services.evidence import Proof, Upload


class EvidenceList(OfApplication):
    """The evidence of one application."""

    parser_classes = [JSONParser, MultiPartParser]

    @extend_schema(summary="Evidence of an application", responses=EvidenceSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        items = items_of(self.application(request, pk), timezone.localdate())
        return Response(EvidenceSerializer([item.evidence for item in items], many=True).data)

    @extend_schema(
        summary="Add a file (multipart) or a link as evidence",
        request=NewEvidenceSerializer,
        responses={201: EvidenceSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        application = self.application(request, pk)
        given = NewEvidenceSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        control, file = values.pop("control"), values.pop("file", None)
        try:
            item = evidence.add(
                actor=person(request),
                application=application,
                control=control,
                proof=Proof(**values),
                upload=Upload(file.name, file.chunks()) if file else None,
            )
        except ValidationError as problems:
            raise refused(problems) from problems
        return Response(EvidenceSerializer(item).data, status=201)


class EvidenceItem(OfApplication):
    """One item of evidence."""

    @extend_schema(summary="One item of evidence", responses=EvidenceSerializer)
    def get(self, request: Request, pk: int, item: int) -> Response:
        return Response(EvidenceSerializer(_item(self.application(request, pk), item)).data)

    @extend_schema(
        summary="Correct its words and dates; its content stays",
        request=CorrectionSerializer,
        responses=EvidenceSerializer,
    )
    def patch(self, request: Request, pk: int, item: int) -> Response:
        found = _item(self.application(request, pk), item)
        given = CorrectionSerializer(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        values = {name: getattr(found, name) for name in ("kind", "title", "issued", "valid_until")}
        try:
            changed = evidence.change(actor=person(request), item=found, proof=Proof(**values | given.validated_data))
        except ValidationError as problems:
            raise refused(problems) from problems
        return Response(EvidenceSerializer(changed).data)


class EvidenceWithdrawal(OfApplication):
    """Taking an item out of the reckoning."""

    @extend_schema(
        summary="Withdraw it; it stays on record", request=WithdrawalSerializer, responses=EvidenceSerializer
    )
    def post(self, request: Request, pk: int, item: int) -> Response:
        found = _item(self.application(request, pk), item)
        given = WithdrawalSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            withdrawn = evidence.withdraw(actor=person(request), item=found, **given.validated_data)
        except ValidationError as problems:
            raise refused(problems) from problems
        return Response(EvidenceSerializer(withdrawn).data)


class EvidenceContent(OfApplication):
    """The file itself."""

    @extend_schema(summary="Download the file", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int, item: int) -> HttpResponseBase:
        found = _item(self.application(request, pk), item)
        if found.file_id is None:
            raise NotFound("This is a link, not a file.")
        try:
            file = evidence_files.path_of(found.file_id).open("rb")
        except FileNotFoundError as problem:
            raise NotFound("The stored file is missing.") from problem
        evidence.note_download(actor=person(request), item=found)
        return attachment(file, found.file_name)


def _item(application: AIApplication, pk: int) -> Evidence:
    return get_object_or_404(Evidence.objects.select_related("application", "file"), application=application, pk=pk)
