"""Rows of the dataset `usage`: interactions by AI app, department of the user, and day.

What an application was seen as before a person linked it stands in a row of its own (docs/decisions/0025).
"""

from collections.abc import Iterator
from datetime import date

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from governance.selectors.extent import Extent, figures, texts
from governance.selectors.register_rows import DayText
from governance.selectors.streaming import streamed
from inventory import access
from inventory.access import Permission
from inventory.models import DailyUsage
from inventory.selectors.scope import subtree

UNASSIGNED = "Unassigned"
COLUMNS = (*texts("application department"), *figures("day interactions users sensitive jailbreak injection"))


def usage_in(extent: Extent) -> QuerySet[DailyUsage]:
    """The daily figures asked for, by day.

    Below a department: those of its people (contract: usage counts by the user's department). Without one: what the
    person's departments used, and all use of the applications they may see. People of no known department stand under
    *Unassigned*; an app that is not registered, under the name seen.
    """
    found = DailyUsage.objects.filter(day__lte=extent.day, interactions__gt=0)  # not where there were visits only
    if extent.department and extent.department.parent_id:
        found = found.filter(department__in=subtree(extent.user, extent.department).order_by().values("pk"))
    elif not access.sees_everything(extent.user, Permission.EXPORT):
        own = access.departments(extent.user, Permission.EXPORT).order_by().values("pk")
        theirs = access.applications(extent.user, Permission.EXPORT).order_by().values("pk")
        found = found.filter(Q(department__in=own) | Q(application__in=theirs))
    return found.annotate(app=Coalesce("application__name", "sighting__name")).order_by(
        "day", "app", "application_id", "sighting_id", "department_id"
    )


def selected(extent: Extent) -> QuerySet[DailyUsage, tuple]:
    """The rows in the order of COLUMNS, between the days `since` and `until` of the filters where they are given."""
    found = usage_in(extent)
    for name, comparison in (("since", "day__gte"), ("until", "day__lte")):
        for day in extent.filters.get(name, ()):
            found = found.filter(**{comparison: date.fromisoformat(day)})
    return found.values_list(
        *("app", Coalesce("department__name", Value(UNASSIGNED)), DayText(F("day"))),
        *("interactions", "users", "sensitive", "jailbreak", "injection"),
    )


def rows(extent: Extent) -> Iterator[tuple]:
    """A row an app, department and day. Users are distinct within the row; they don't add up over rows."""
    return streamed(selected(extent))
