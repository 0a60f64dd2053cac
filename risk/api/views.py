"""The risk storey's API: scores, and what they follow from. What the caller may not see is a 404."""

from django.core.exceptions import ValidationError
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import access
from inventory.api.narrowing import refuse
from inventory.api.serializers import refused
from inventory.api.views import person
from inventory.selectors.asked import Reader
from risk.api.base import OfApplication
from risk.api.serializers import AnswersSerializer, ControlStateSerializer, ScoreSerializer
from risk.choices import Band, EUClass
from risk.selectors.applications import NARROWED_BY, OPEN_CLASS, narrowed, read, wanted_by
from risk.selectors.scores import MEASURES, ScoreRows
from risk.services import assessments, controls
from risk.services.evidence import Proof

_FILTERS = [
    OpenApiParameter("department", str, description="External key; its sub-tree is included."),
    OpenApiParameter("below", str, enum=["no"], description="Only what lies directly in `department`."),
    OpenApiParameter("kind", str, description="Several are parted by commas."),
    OpenApiParameter("lifecycle", str, description="Several are parted by commas, here as everywhere."),
    OpenApiParameter("band", str, enum=Band.values, description="Band of the overall risk."),
    OpenApiParameter("class", str, enum=[*EUClass.values, OPEN_CLASS], description="EU AI Act."),
    OpenApiParameter("owner", str, description="User name."),
    OpenApiParameter("q", str, description="Part of the name, purpose, vendor or external id."),
    OpenApiParameter("principle", str, enum=list(MEASURES), description="Only this one."),
    OpenApiParameter("limit", int),
    OpenApiParameter("offset", int),
]


class ScoreList(APIView):
    """Scores by application and principle."""

    @extend_schema(
        summary="Risk by application and principle", parameters=_FILTERS, responses=ScoreSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        user = person(request)
        reader = Reader(request.query_params)
        key, asked, measures = reader.text("department"), read(reader), reader.words("principle") or MEASURES
        reader.only(("department", "principle", *NARROWED_BY), "This list")
        refuse(reader.problems)
        given = wanted_by(asked, access.department_or_404(user, key) if key else None)
        paginator = LimitOffsetPagination()
        found = ScoreRows(narrowed(access.applications(user), given), measures)
        rows = paginator.paginate_queryset(found, request, view=self)
        return paginator.get_paginated_response(ScoreSerializer(rows, many=True).data)


class Answers(OfApplication):
    """The answers about one application."""

    @extend_schema(summary="Answers about an application", responses=AnswersSerializer)
    def get(self, request: Request, pk: int) -> Response:
        found = self.application(request, pk).answers.order_by("question").values_list("question", "value")
        return Response({"answers": dict(found)})

    @extend_schema(
        summary="Answer questions about an application", request=AnswersSerializer, responses=AnswersSerializer
    )
    def patch(self, request: Request, pk: int) -> Response:
        application = self.application(request, pk)
        given = AnswersSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            assessments.save_answers(actor=person(request), application=application, **given.validated_data)
        except ValidationError as problems:
            raise refused(problems) from problems
        return self.get(request, pk)


class ControlStates(OfApplication):
    """What is stated of the controls of one application."""

    @extend_schema(summary="Controls of an application", responses=ControlStateSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        states = self.application(request, pk).control_states
        found = states.select_related("owner", "inherited_from").order_by("control")
        return Response(ControlStateSerializer(found, many=True).data)

    @extend_schema(
        summary="State how well a control works", request=ControlStateSerializer, responses=ControlStateSerializer
    )
    def post(self, request: Request, pk: int) -> Response:
        application = self.application(request, pk)
        given = ControlStateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            values = {**given.validated_data}
            if link := values.pop("evidence", None):
                values["proof"] = Proof(**link)
            state = controls.state_control(actor=person(request), application=application, **values)
        except ValidationError as problems:
            raise refused(problems) from problems
        return Response(ControlStateSerializer(state).data)
