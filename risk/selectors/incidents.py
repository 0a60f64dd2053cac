"""Incidents as their pages and the API show them: those of applications that a person may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication, Alert, Department, User
from risk.choices import IncidentState, Principle
from risk.models import Incident, IncidentAlert, IncidentStep

A_PAGE = 25


@dataclass(frozen=True, slots=True)
class Report:
    """What the law asks of a serious incident: told to the authority by a day, or told on one."""

    by: date
    on: date | None
    late: bool


@dataclass(frozen=True, slots=True)
class IncidentCase:
    """An incident with all that its page shows. `principles`: name and what happened."""

    incident: Incident
    principles: list[tuple[str, str]]
    report: Report | None
    alerts: list[Alert]
    linkable: list[Alert]
    steps: list[IncidentStep]
    may_comment: bool
    may_review: bool


def visible(user: User | None) -> QuerySet[Incident]:
    """The incidents that the person may see."""
    rows = Incident.objects.select_related("application__department", "recorded_by")
    return rows.filter(application__in=access.applications(user).order_by().values("pk"))


def incident_or_404(user: User | None, pk: int) -> Incident:
    """The incident; Http404 where the person may not see it."""
    found = visible(user).filter(pk=pk).first()
    if found is None:
        raise Http404("No such incident.")
    return found


def narrowed(
    user: User,
    *,
    department: Department | None = None,
    states: Sequence[str] = (),
    severities: Sequence[str] = (),
    applications: QuerySet[AIApplication, Any] | None = None,
    q: str = "",
) -> QuerySet[Incident]:
    """The incidents asked for (`applications`: ids), newest first, with how many alerts belong to each (`linked`)."""
    rows = visible(user).annotate(linked=Count("links")).order_by("-since", "-id")
    if department is not None and department.parent_id is not None:
        below = Department.objects.subtree_of(department).order_by().values("pk")
        rows = rows.filter(application__department__in=below)
    if applications is not None:
        rows = rows.filter(application__in=applications)
    if states:
        rows = rows.filter(state__in=states)
    if severities:
        rows = rows.filter(severity__in=severities)
    return rows.filter(Q(title__icontains=q) | Q(application__name__icontains=q)) if q else rows


def page_of(rows: QuerySet[Incident], number: int) -> Page:
    """One page of them, each with its report."""
    found = Paginator(rows, A_PAGE).get_page(number)
    rows_shown: Any = [(one, report_of(one)) for one in found.object_list]
    found.object_list = rows_shown
    return found


def report_of(one: Incident) -> Report | None:
    """What the law asks, where it asks anything."""
    by = one.report_by
    if by is None:
        return None
    return Report(by, one.reported_on, (one.reported_on or timezone.localdate()) > by)


def case_of(user: User, pk: int) -> IncidentCase:
    """One incident with everything. Http404 where it is out of sight."""
    one = incident_or_404(user, pk)
    department = one.application.department
    may_review = access.may(user, Permission.REVIEW, department)
    linked = list(Alert.objects.filter(pk__in=one.links.values("alert")).defer("raw"))
    return IncidentCase(
        incident=one,
        principles=[(str(label), one.principles[key]) for key, label in Principle.choices if key in one.principles],
        report=report_of(one),
        alerts=linked,
        linkable=free_alerts(one.application) if may_review and one.state != IncidentState.RESOLVED else [],
        steps=list(one.steps.select_related("actor")),
        may_comment=access.may(user, Permission.EDIT, department),
        may_review=may_review,
    )


def free_alerts(application: AIApplication) -> list[Alert]:
    """The newest alerts about an application that belong to no incident."""
    taken = IncidentAlert.objects.values("alert")
    return list(Alert.objects.filter(application=application).exclude(pk__in=taken).defer("raw")[:50])
