"""On which days the events asked for lie, and how many there are, by the daily figures: nothing is counted singly."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, QuerySet, Sum, Value

from inventory.access import Permission
from inventory.models import DailyPeople, DailySensitive, DailyUsage, User
from inventory.selectors.events.wanted import (
    ATTACK,
    INJECTION,
    INTERACTION,
    JAILBREAK,
    SENSITIVE,
    VISIT,
    Wanted,
    in_sight,
)
from inventory.selectors.kept import kept_rows

_COLUMNS = {
    INTERACTION: F("interactions"),
    VISIT: F("visits"),
    SENSITIVE: F("sensitive"),
    ATTACK: F("attacks"),
    JAILBREAK: F("jailbreak"),
    INJECTION: F("injection"),
    "": F("interactions") + F("visits"),
}


@dataclass(frozen=True, slots=True)
class Days:
    """Days with something to find, newest first, each with how many events. `exact`: whether these numbers are those of
    the events asked for; else they are of more than that, and only tell where to look."""

    found: Sequence[tuple[date, int]]
    exact: bool

    @property
    def total(self) -> int | None:
        return sum(count for _, count in self.found) if self.exact else None


def days(user: User | None, wanted: Wanted, permission: Permission = Permission.VIEW) -> Days:
    """Of the daily table that knows what is asked for, counted once until anything is done or read."""
    table, amount, exact = _table(wanted)
    rows = in_sight(table.filter(day__gte=wanted.first, day__lte=wanted.last), user, wanted, permission)
    counted = rows.order_by().values("day").annotate(n=amount).filter(n__gt=0).order_by("-day")
    return Days(kept_rows(counted.values_list("day", "n")), exact)


def _table(wanted: Wanted) -> tuple[QuerySet[Any], Any, bool]:
    if wanted.person is not None:
        return DailyPeople.objects.filter(people__contains=[wanted.person]), Count(Value(1)), False
    if not wanted.about_content:
        return DailyUsage.objects.all(), Sum(_COLUMNS[wanted.event]), True
    found = narrowed_by_content(DailySensitive.objects.all(), wanted)
    return found, Sum("interactions"), wanted.event in ("", INTERACTION, SENSITIVE)


def narrowed_by_content(found: QuerySet[Any], wanted: Wanted) -> QuerySet[Any]:
    """Of sensitive daily figures, those by the label and the information type asked for."""
    if wanted.label:
        found = found.filter(labels__overlap=list(wanted.label))
    if wanted.information_type:
        found = found.filter(information_types__overlap=list(wanted.information_type))
    if wanted.labelled is not None:
        found = found.exclude(labels=[]) if wanted.labelled else found.filter(labels=[])
    return found
