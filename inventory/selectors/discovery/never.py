"""What is registered and live, and no feed has told of for a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import access
from inventory.choices import AgentState
from inventory.models import (
    AgentListing,
    AIApplication,
    Alert,
    CloudApp,
    DailyUsage,
    Department,
    Identifier,
    Metric,
    User,
)
from inventory.selectors.kept import KeptPaginator

A_PAGE = 25
DAYS = (30, 90, 180, 365)
WITHOUT = {"no": _("Without any identifier"), "yes": _("With identifiers")}


@dataclass(frozen=True, slots=True)
class NeverRow:
    """A live application of which nothing was heard. `identifiers` 0: no feed could name it. `last_used`: the last day
    of any use that is kept."""

    application: AIApplication
    identifiers: int
    last_used: date | None


def registered_never_seen(
    user: User,
    *,
    department: Department | None = None,
    days: int = 90,
    identified: bool | None = None,
    q: str = "",
    left: QuerySet[AIApplication, Any] | None = None,
    today: date | None = None,
) -> QuerySet[AIApplication]:
    """Live applications that the person may see, without use, alert, metric, listing or report in the last `days`.

    `identified`: only those with any identifier, or without. One that has none can't be seen by any feed. `left`: only
    those with these ids.
    """
    today = today or timezone.localdate()
    since = today - timedelta(days=days - 1)
    begin = datetime.combine(since, time.min, timezone.get_default_timezone())
    own = Q(application=OuterRef("pk"))
    found = access.applications(user).live()
    if department is not None and department.parent_id is not None:
        found = found.in_department(department)
    if q:
        found = found.search(q)
    if left is not None:
        found = found.filter(pk__in=left)
    listed = AgentListing.objects.filter(own).exclude(state=AgentState.DELETED)
    found = (
        found.exclude(Exists(DailyUsage.objects.filter(own, day__gte=since)))
        .exclude(Exists(listed.filter(Q(as_of=None) | Q(as_of__gte=begin))))
        .exclude(Exists(CloudApp.objects.filter(own, last_seen__gte=begin)))
        .exclude(Exists(Alert.objects.filter(own, at__gte=begin)))
        .exclude(Exists(Metric.objects.filter(own, at__gte=begin)))
    )
    if identified is not None:
        has = Exists(Identifier.objects.filter(own))
        found = found.filter(has if identified else ~has)
    return found


def never_page(found: QuerySet[AIApplication], page: int = 1) -> Page:
    """A page of NeverRow by name; the same number of queries whatever the size."""
    result: Page = KeptPaginator(found.select_related("department").order_by("name", "pk"), A_PAGE).get_page(page)
    rows = list(result.object_list)
    ids = [one.pk for one in rows]
    names = Identifier.objects.filter(application__in=ids).order_by().values_list("application")
    counts = dict(names.annotate(n=Count("pk")))
    used = DailyUsage.objects.filter(application__in=ids).order_by().values_list("application")
    last = dict(used.annotate(n=Max("day")))
    result.object_list = [NeverRow(one, counts.get(one.pk, 0), last.get(one.pk)) for one in rows]
    return result


def never_by_department(found: QuerySet[AIApplication]) -> list[Mapping[str, Any]]:
    """How many of them each department answers for, most first: department, applications."""
    rows = found.order_by().values("department").annotate(applications=Count("pk"))
    return list(rows.order_by("-applications", "department"))
