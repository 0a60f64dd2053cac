"""Alerts and incidents over the API: to read, and to change with the token of a person who may."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import access
from inventory.access import Permission
from inventory.api.narrowing import refuse
from inventory.api.serializers import refused
from inventory.api.views import person
from inventory.choices import AlertState, ApplicationKind, Lifecycle, Severity
from inventory.models import User
from inventory.selectors.asked import Reader
from inventory.services import alerts as service
from risk.choices import Band, EUClass, IncidentSeverity, IncidentState
from risk.models import Incident
from risk.selectors import alerts, applications, incidents
from risk.selectors.applications import OPEN_CLASS
from risk.services import incidents as incident_service

ACTIONS = ("assign", "comment", "start", "resolve", "dismiss", "reopen", "tie", "untie")
_DEPARTMENT = OpenApiParameter("department", str, description="External key; its sub-tree is included.")
SORTS = [f"{turned}{word}" for word in alerts.SORTS for turned in ("", "-")]
_PAGES = [OpenApiParameter("limit", int), OpenApiParameter("offset", int)]
_NUMBER = [OpenApiParameter("id", int, OpenApiParameter.PATH)]  # what the schema calls `pk`


class TechniqueSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()


class AlertSerializer(serializers.Serializer):
    """An alert. `feed_says`: the feed's state where it is another; `entities`: kind and name, people by pseudonym."""

    id = serializers.IntegerField(source="pk")
    external_id = serializers.CharField()
    title = serializers.CharField()
    type = serializers.CharField()
    unmapped = serializers.BooleanField()
    severity = serializers.ChoiceField(choices=Severity.choices)
    state = serializers.ChoiceField(choices=AlertState.choices)
    feed_says = serializers.CharField()
    at = serializers.DateTimeField()
    due = serializers.DateTimeField(allow_null=True)
    late = serializers.BooleanField()
    closed_at = serializers.DateTimeField(allow_null=True)
    tactics = serializers.ListField(child=serializers.CharField())
    techniques = TechniqueSerializer(many=True)
    application = serializers.IntegerField(source="application_id", allow_null=True)
    application_name = serializers.CharField(source="application")
    department = serializers.CharField(source="department_key")
    resource = serializers.CharField()
    entities = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    assignee = serializers.CharField(source="assignee_username")
    outcome = serializers.CharField()
    description = serializers.CharField()


class AlertActSerializer(serializers.Serializer):
    """What to do. `text`: comment, lesson learnt or reason; `assignee`: a user name, empty for nobody."""

    action = serializers.ChoiceField(choices=ACTIONS)
    text = serializers.CharField(required=False, allow_blank=True, default="")
    assignee = serializers.CharField(required=False, allow_blank=True, default="")
    application = serializers.IntegerField(required=False, help_text="To tie it to.")


class AlertList(APIView):
    """The queue."""

    @extend_schema(
        summary="Alerts",
        parameters=[
            _DEPARTMENT,
            OpenApiParameter("application", int, description="About this one."),
            OpenApiParameter("below", str, enum=["no"], description="Only of what lies directly in `department`."),
            OpenApiParameter("kind", str, enum=ApplicationKind.values, description="Of the application."),
            OpenApiParameter("lifecycle", str, enum=Lifecycle.values, description="Of the application."),
            OpenApiParameter("band", str, enum=Band.values, description="Of its overall risk."),
            OpenApiParameter("class", str, enum=[*EUClass.values, OPEN_CLASS], description="Of it, by the EU AI Act."),
            OpenApiParameter("owner", str, description="Of the application, by user name."),
            OpenApiParameter("state", str, enum=AlertState.values, description="Several are parted by commas."),
            OpenApiParameter("severity", str, enum=Severity.values),
            OpenApiParameter("tactic", str, description="Of MITRE ATT&CK, like initial_access."),
            OpenApiParameter("technique", str, description="Id of MITRE ATLAS or OWASP, like AML.T0054 or LLM01."),
            OpenApiParameter("who", str, enum=[alerts.MINE, alerts.NOBODY], description="Given to me, or to nobody."),
            OpenApiParameter("late", str, enum=["yes"], description="Open, and past its deadline."),
            OpenApiParameter("tied", str, enum=["yes", "no"], description="To an application, or to none."),
            OpenApiParameter("q", str, description="In title, type, resource, application, or what it names."),
            OpenApiParameter("sort", str, enum=SORTS, description='A leading "-" turns the order round.'),
            *_PAGES,
        ],
        responses=AlertSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        user, reader = person(request), Reader(request.query_params)
        own = {name: reader.words(name, known) for name, known in alerts.words().items()}
        about = {**applications.read_of_itself(reader), "below": reader.below()}
        sort, q = reader.word("sort", SORTS), reader.text("q")
        key, application = reader.text("department"), reader.number("application", 0)
        reader.only(("department", "application", "sort", "q", *about, *own), "This list")
        refuse(reader.problems)
        department = access.department_or_404(user, key) if key else None
        wanted = alerts.wanted(
            department,
            access.application_or_404(user, application) if application else None,
            applications=applications.among(applications.wanted_by(about, department)),
            own=own,
            q=q,
        )
        paginator = LimitOffsetPagination()
        rows = paginator.paginate_queryset(alerts.ordered(alerts.found(user, wanted), sort), request, view=self)
        return paginator.get_paginated_response(
            AlertSerializer([alerts.row(one) for one in rows or ()], many=True).data
        )


class AlertDetail(APIView):
    """One alert."""

    @extend_schema(summary="One alert", parameters=_NUMBER, responses=AlertSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(AlertSerializer(alerts.one_of(person(request), pk)).data)

    @extend_schema(
        summary="Do something about an alert",
        parameters=_NUMBER,
        request=AlertActSerializer,
        responses=AlertSerializer,
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        access.require(user, Permission.EDIT)  # before anything is said about the input
        access.alert_or_404(user, pk, Permission.EDIT)
        given = AlertActSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            _act(user, pk, given.validated_data)
        except ValidationError as problems:
            raise refused(problems) from problems
        return self.get(request, pk)


def _act(user: User, pk: int, given: dict[str, Any]) -> None:
    action, text = given["action"], given["text"]
    if action == "assign":
        name = given["assignee"]
        assignee = User.objects.filter(username=name, is_active=True).first() if name else None
        if name and assignee is None:
            raise ValidationError({"assignee": "Nobody has this user name."})
        service.assign(actor=user, alerts=[pk], assignee=assignee)
    elif action == "comment":
        service.comment(actor=user, alerts=[pk], text=text)
    elif action == "start":
        service.start(actor=user, alerts=[pk])
    elif action == "resolve":
        service.resolve(actor=user, alerts=[pk], lesson=text)
    elif action == "dismiss":
        service.dismiss(actor=user, alerts=[pk], reason=text)
    elif action == "reopen":
        service.reopen(actor=user, alerts=[pk], reason=text)
    elif action == "tie" and not given.get("application"):
        raise ValidationError({"application": "Name the application."})
    else:
        found = access.application_or_404(user, given["application"], Permission.REVIEW) if action == "tie" else None
        service.tie(actor=user, alerts=[pk], application=found, reason=text)


class IncidentSerializer(serializers.ModelSerializer):
    """An incident. `principles`: what happened to each; `report_by`: the law's deadline, or null."""

    report_by = serializers.DateField(allow_null=True, read_only=True)
    alerts: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)

    class Meta:
        model = Incident
        fields = (
            *("id", "application", "title", "severity", "state", "principles", "since", "serious", "aware_on"),
            *("report_by", "reported_on", "lesson", "alerts", "created_at", "resolved_at"),
        )
        read_only_fields = fields


class NewIncidentSerializer(serializers.Serializer):
    """What is needed to record an incident."""

    application = serializers.IntegerField()
    title = serializers.CharField()
    severity = serializers.CharField()
    principles = serializers.DictField(child=serializers.CharField())
    since = serializers.DateField()
    aware_on = serializers.DateField(required=False)
    serious = serializers.CharField(required=False, allow_blank=True)
    alerts = serializers.ListField(child=serializers.IntegerField(), required=False)


class IncidentChangeSerializer(serializers.Serializer):
    """What to correct of an incident, and why; what is left out stays."""

    reason = serializers.CharField()
    title = serializers.CharField(required=False)
    severity = serializers.CharField(required=False)
    principles = serializers.DictField(child=serializers.CharField(), required=False)
    since = serializers.DateField(required=False)
    aware_on = serializers.DateField(required=False)
    serious = serializers.CharField(required=False, allow_blank=True)
    reported_on = serializers.DateField(required=False, allow_null=True)


class IncidentMoveSerializer(serializers.Serializer):
    """The state it gets; `text`: the lesson learnt, or why it is opened again."""

    state = serializers.ChoiceField(choices=IncidentState.choices)
    text = serializers.CharField(required=False, allow_blank=True, default="")


class IncidentList(APIView):
    """Incidents."""

    @extend_schema(
        summary="Incidents",
        parameters=[
            _DEPARTMENT,
            OpenApiParameter("state", str, enum=IncidentState.values),
            OpenApiParameter("severity", str, enum=IncidentSeverity.values),
            OpenApiParameter("q", str),
            *_PAGES,
        ],
        responses=IncidentSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        user, reader = person(request), Reader(request.query_params)
        key, q = reader.text("department"), reader.text("q")
        states = reader.words("state", IncidentState.values)
        severities = reader.words("severity", IncidentSeverity.values)
        reader.only(("department", "state", "severity", "q"), "This list")
        refuse(reader.problems)
        department = access.department_or_404(user, key) if key else None
        rows = incidents.narrowed(user, department=department, states=states, severities=severities, q=q)
        paginator = LimitOffsetPagination()
        page = paginator.paginate_queryset(rows.prefetch_related("alerts"), request, view=self)
        return paginator.get_paginated_response(IncidentSerializer(page, many=True).data)

    @extend_schema(summary="Record an incident", request=NewIncidentSerializer, responses={201: IncidentSerializer})
    def post(self, request: Request) -> Response:
        user = person(request)
        access.require(user, Permission.REVIEW)
        given = NewIncidentSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        application = access.application_or_404(user, values.pop("application"), Permission.REVIEW)
        try:
            made = incident_service.record(actor=user, application=application, **values)
        except ValidationError as problems:
            raise refused(problems) from problems
        return Response(IncidentSerializer(made).data, status=201)


class IncidentDetail(APIView):
    """One incident."""

    @extend_schema(summary="One incident", parameters=_NUMBER, responses=IncidentSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(IncidentSerializer(incidents.incident_or_404(person(request), pk)).data)

    @extend_schema(
        summary="Contain, resolve or open an incident again",
        parameters=_NUMBER,
        request=IncidentMoveSerializer,
        responses=IncidentSerializer,
    )
    def post(self, request: Request, pk: int) -> Response:
        return self._changed(request, pk, IncidentMoveSerializer, incident_service.move)

    @extend_schema(
        summary="Correct what was recorded of an incident",
        parameters=_NUMBER,
        request=IncidentChangeSerializer,
        responses=IncidentSerializer,
    )
    def patch(self, request: Request, pk: int) -> Response:
        return self._changed(request, pk, IncidentChangeSerializer, incident_service.change)

    def _changed(
        self, request: Request, pk: int, serializer: type[serializers.Serializer], change: Callable[..., object]
    ) -> Response:
        user = person(request)
        access.require(user, Permission.REVIEW)
        incident = incidents.incident_or_404(user, pk)
        given = serializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            change(actor=user, incident=incident, **given.validated_data)
        except ValidationError as problems:
            raise refused(problems) from problems
        return self.get(request, pk)
