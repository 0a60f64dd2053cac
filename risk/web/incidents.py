"""Incidents: the list, recording one, and its page."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import ApplicationKind
from inventory.models import User
from inventory.selectors.scope import options, scope_of
from inventory.web.downloads import list_download
from inventory.web.filters import Filters, Words
from inventory.web.forms import ApplicationField, add_service_errors
from inventory.web.requests import PersonRequest
from risk.choices import IncidentSeverity, IncidentState, Principle, SeriousIncident
from risk.models import Incident
from risk.selectors import applications, incidents
from risk.services import incidents as service

SEVERITY_TONES = {"critical": "bad", "high": "bad", "medium": "warn", "low": "info"}
OWN: dict[str, Words] = {"state": dict(IncidentState.choices), "severity": dict(IncidentSeverity.choices)}
CSV_COLUMNS = (
    *("id", "title", "severity", "state", "application", "department", "department_key", "since"),
    *("report_by", "reported_on", "report_late", "alerts"),
)
STATE_TONES = {"open": "bad", "contained": "warn", "resolved": "good"}
_DATE = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})  # the only form that browsers take


class IncidentForm(forms.Form):
    """What a reviewer tells of an incident; of each principle what happened to it, empty where nothing did."""

    title = forms.CharField(max_length=300, label=_("Title"))
    severity = forms.ChoiceField(choices=IncidentSeverity.choices, initial=IncidentSeverity.MEDIUM, label=_("Severity"))
    since = forms.DateField(label=_("Since when"), widget=_DATE)
    aware_on = forms.DateField(
        label=_("Known since"), widget=_DATE, help_text=_("The law's deadlines run from this day.")
    )
    serious = forms.ChoiceField(
        label=_("Serious incident (EU AI Act, Art. 73)"),
        choices=[("", _("No")), *SeriousIncident.choices],
        required=False,
        help_text=_("To be reported within 15 days, 10 where a person died, 2 for critical infrastructure."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for key, label in Principle.choices:
            self.fields[f"p_{key}"] = forms.CharField(
                label=label, required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2})
            )

    @property
    def told(self) -> dict[str, str]:
        """Principle → what happened, of those that something happened to."""
        return {key: text for key in Principle.values if (text := self.cleaned_data.get(f"p_{key}", "").strip())}


class RecordForm(IncidentForm):
    """The same with the application that it happened to, and the alerts that it is recorded from."""

    application = ApplicationField(max_length=200, label=_("AI application"))
    alert = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, user: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["application"].offer(access.applications(user, Permission.REVIEW))  # type: ignore[attr-defined]
        self.order_fields(["title", "application"])

    @property
    def alerts(self) -> list[int]:
        """The alerts from which it is recorded."""
        words = self.cleaned_data.get("alert", "").split(",")
        return [int(word) for word in words if word.isdecimal() and len(word) < 16]


class ChangeForm(IncidentForm):
    """What can be corrected of an incident, and why it is."""

    reported_on = forms.DateField(label=_("Reported to the authority on"), widget=_DATE, required=False)
    reason = forms.CharField(label=_("Why it is changed"), max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.order_fields([name for name in self.fields if name != "reason"])  # which goes last


@requires(Permission.VIEW)
@require_GET
def incident_list(request: PersonRequest) -> HttpResponse:
    """Incidents of applications in sight, newest first."""
    filters = Filters.from_request(request, own=OWN)
    states, severities = filters.own.get("state", ()), filters.own.get("severity", ())
    rows = _asked(request.user, filters)
    context = {
        "filters": filters,
        "page": incidents.page_of(rows, filters.page),
        "departments": options(scope_of(request.user, filters.department)),
        "kinds": ApplicationKind.choices,
        "states": IncidentState.choices,
        "state": ",".join(states),
        "severities": IncidentSeverity.choices,
        "severity": ",".join(severities),
        "narrowed": filters.narrowed,
        "tones": {"severity": SEVERITY_TONES, "state": STATE_TONES},
        "may_record": access.may(request.user, Permission.REVIEW),
        "may_export": access.may(request.user, Permission.EXPORT),
    }
    return render(request, "risk/incidents.html", context)


def _asked(user: User, filters: Filters) -> QuerySet[Incident]:
    return incidents.narrowed(
        user,
        department=filters.department,
        states=filters.own.get("state", ()),
        severities=filters.own.get("severity", ()),
        applications=applications.among(applications.wanted(filters)),
        q=filters.q,
    )


@requires(Permission.EXPORT)
@require_GET
def incident_csv(request: PersonRequest) -> StreamingHttpResponse:
    """The list as the address narrows it, all pages of it."""
    rows = _asked(request.user, Filters.from_request(request, own=OWN))
    mine = access.applications(request.user, Permission.EXPORT).order_by().values("pk")
    found = rows.filter(application__in=mine).iterator(1000)
    return list_download(request, "incidents", "incidents.csv", CSV_COLUMNS, (_cells(one) for one in found))


def _cells(one: Incident) -> tuple[Any, ...]:
    report, department = incidents.report_of(one), one.application.department
    told = (report.by, report.on, "yes" if report.late else "no") if report else (None, None, None)
    return (
        *(one.pk, one.title, one.severity, one.state, one.application.name, department.name, department.key, one.since),
        *(*told, one.linked),  # type: ignore[attr-defined]  # counted by the selector
    )


@requires(Permission.REVIEW)
@require_http_methods(["GET", "POST"])
def record(request: PersonRequest) -> HttpResponse:
    """Record an incident, by itself or from an alert (`?alert=`), which it is then filled in from."""
    if request.method == "POST":
        form = RecordForm(request.user, request.POST)
        if form.is_valid() and (made := _recorded(request.user, form)):
            return redirect("risk:incident", made.pk)
    else:
        form = RecordForm(request.user, initial=_from_alert(request))
    return render(request, "risk/incident_record.html", {"form": form}, status=400 if form.is_bound else 200)


def _from_alert(request: PersonRequest) -> dict[str, Any]:
    today = timezone.localdate()
    given = request.GET.get("alert", "")
    if not given.isdecimal() or len(given) > 15:
        return {"since": today, "aware_on": today}
    alert = access.alert_or_404(request.user, int(given), Permission.REVIEW)
    severity = alert.severity if alert.severity in IncidentSeverity.values else IncidentSeverity.LOW
    return {
        "title": alert.title,
        "application": alert.application,
        "severity": severity,
        "since": timezone.localdate(alert.at),
        "aware_on": timezone.localdate(alert.received_at),
        "alert": str(alert.pk),
    }


def _recorded(user: User, form: RecordForm) -> Incident | None:
    names = ("title", "application", "severity", "since", "aware_on", "serious")
    given = {name: form.cleaned_data[name] for name in names}
    try:
        return service.record(actor=user, principles=form.told, alerts=form.alerts, **given)
    except ValidationError as problems:
        add_service_errors(form, problems)
        return None


@requires(Permission.REVIEW)
@require_http_methods(["GET", "POST"])
def change(request: PersonRequest, pk: int) -> HttpResponse:
    """Correct what was recorded of an incident."""
    incident = incidents.incident_or_404(request.user, pk)
    access.require(request.user, Permission.REVIEW, incident.application.department)
    if request.method == "POST":
        form = ChangeForm(request.POST)
        if form.is_valid() and _changed(request.user, incident, form):
            return redirect("risk:incident", pk)
    else:
        held = {name: getattr(incident, name) for name in service.CHANGEABLE}
        form = ChangeForm(initial=held | {f"p_{key}": text for key, text in incident.principles.items()})
    context = {"form": form, "incident": incident}
    return render(request, "risk/incident_change.html", context, status=400 if form.is_bound else 200)


def _changed(user: User, incident: Incident, form: ChangeForm) -> bool:
    names = (*(name for name in service.CHANGEABLE if name != "principles"), "reason")
    given = {name: form.cleaned_data[name] for name in names}
    try:
        service.change(actor=user, incident=incident, principles=form.told, **given)
    except ValidationError as problems:
        add_service_errors(form, problems)
        return False
    return True


@requires(Permission.VIEW)
@require_GET
def incident_page(request: PersonRequest, pk: int) -> HttpResponse:
    """One incident."""
    return _page(request, pk)


def _page(request: PersonRequest, pk: int, problem: str = "", status: int = 200) -> HttpResponse:
    context = {
        "found": incidents.case_of(request.user, pk),
        "tones": {"severity": SEVERITY_TONES, "state": STATE_TONES},
        "problem": problem,
        "given": request.POST,
        "today": timezone.localdate(),
    }
    return render(request, "risk/incident.html", context, status=status)


@requires(Permission.EDIT)
@require_POST
def act(request: PersonRequest, pk: int) -> HttpResponse:
    """Do something about an incident."""
    incident = incidents.incident_or_404(request.user, pk)
    try:
        _act(request, incident)
    except ValidationError as problem:
        return _page(request, pk, " ".join(problem.messages), status=400)
    return redirect("risk:incident", pk)


def _act(request: PersonRequest, incident: Incident) -> None:
    given, actor = request.POST, request.user
    action, text = given.get("action", ""), given.get("text", "")
    alerts = [int(word) for word in given.getlist("alert") if word.isdecimal() and len(word) < 16]
    if action == "comment":
        service.comment(actor=actor, incident=incident, text=text)
    elif action in IncidentState.values:
        service.move(actor=actor, incident=incident, state=action, text=text)
    elif action == "reported":
        service.report(actor=actor, incident=incident, on=_day(given.get("on", "")))
    elif action == "link":
        service.link(actor=actor, incident=incident, alerts=alerts)
    elif action == "unlink" and alerts:
        service.unlink(actor=actor, incident=incident, alert=alerts[0])
    else:
        raise ValidationError(gettext("Choose what to do."))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise ValidationError(gettext("Give the day of the report.")) from problem
