"""The risk storey's API: scores, and what they follow from. What the caller may not see is a 404."""

from django.core.exceptions import ValidationError
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import access
from inventory.access import Permission
from inventory.api.narrowing import refuse
from inventory.api.serializers import refused
from inventory.api.views import person
from inventory.models import AIApplication
from inventory.selectors.asked import Reader
from risk.api.serializers import AnswersSerializer, ControlStateSerializer, ScoreSerializer
from risk.choices import Band, EUClass
from risk.selectors.applications import NARROWED_BY, OPEN_CLASS, narrowed, read, wanted_by
from risk.selectors.scores import MEASURES, ScoreRows
from risk.services import assessments, controls

_FILTERS = [
    OpenApiParameter("department", str, description="External key; its sub-tree is included."),
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


class OfApplication(APIView):
    """Something of one application, which the caller may see, and edit where the call changes it."""

    def application(self, request: Request, pk: int) -> AIApplication:
        """The application; 404 where it is out of sight, 403 where it may only be seen."""
        needed = Permission.VIEW if request.method in ("GET", "HEAD", "OPTIONS") else Permission.EDIT
        return access.application_or_404(person(request), pk, needed)


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
        found = self.application(request, pk).control_states.order_by("control")
        return Response(ControlStateSerializer(found, many=True).data)

    @extend_schema(
        summary="State how well a control works", request=ControlStateSerializer, responses=ControlStateSerializer
    )
    def post(self, request: Request, pk: int) -> Response:
        application = self.application(request, pk)
        given = ControlStateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            state = controls.state_control(actor=person(request), application=application, **given.validated_data)
        except ValidationError as problems:
            raise refused(problems) from problems
        return Response(ControlStateSerializer(state).data)
