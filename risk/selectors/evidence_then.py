"""Evidence as it stood at the end of a past day: what had been added, with the words and dates that its row history
holds of the day. Names of applications and departments are those of today.

What is as it was, what was withdrawn since and what was corrected since are looked up apart, each by its own index, so
that two million items are not read for a page of them.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from heapq import merge
from itertools import islice
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.core.paginator import Page, Paginator
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When

from risk.models import Evidence
from risk.selectors import evidence
from risk.selectors.evidence import ENDS, MOST_ROWS, ROWS_A_PAGE, WITHDRAWN, Counts, Item, Wanted
from risk.selectors.history import end_of
from risk.selectors.kept import kept

STATED = ("kind", "title", "issued", "valid_until")  # what a correction changes
_CORRECTED = {"changed_at__gt": F("added_at")}  # as the index of these has it


def page(wanted: Wanted, day: date, number: int) -> Page:
    """One page of the list as items, what ended first at the top. How many there are, up to MOST_ROWS, is kept.
    `wanted.applications`: those of `applications_then.seen`, which know the department and the rights."""
    return Paginator(_Rows(wanted, day), ROWS_A_PAGE).get_page(number)


def counts(wanted: Wanted, day: date) -> Counts:
    """What had run out and what would, of the evidence in sight, whatever it was and said. Three queries, kept."""
    parts = _parts(Wanted(applications=wanted.applications), day)
    try:
        key = [found.values("pk").query.sql_with_params() for found, _ in parts]
    except EmptyResultSet:
        return Counts(0, dict.fromkeys(ENDS, 0))
    return kept(("evidence then", day, key), lambda: _added([evidence.ending(*part, day) for part in parts]))


def as_stood(found: QuerySet[Evidence], day: date) -> QuerySet[Evidence, Any]:
    """Those of `found` that had been added, with what they stated (`was_kind` and so on); history is asked for what was
    corrected since alone."""
    end = end_of(day)
    was = {f"was_{name}": Case(When(changed_at__gte=end, then=_version(name, end)), default=F(name)) for name in STATED}
    return found.filter(added_at__lt=end).annotate(**was)


def withdrawn_then(day: date) -> Q:
    """What had been withdrawn."""
    return Q(withdrawn_at__lt=end_of(day))


def _version(name: str, end: datetime) -> Subquery:
    versions = Evidence.pgh_event_model.objects  # type: ignore[attr-defined]
    before = versions.filter(pgh_obj=OuterRef("pk"), pgh_created_at__lt=end)
    return Subquery(before.order_by("-pgh_created_at", "-pgh_id").values(name)[:1])


def _parts(wanted: Wanted, day: date) -> list[tuple[QuerySet[Evidence, Any], str]]:
    """What is wanted in parts that have nothing in common, each with the name of its last day."""
    end = end_of(day)
    there = evidence.among(Evidence.objects.order_by(), wanted.applications).filter(added_at__lt=end)
    standing, corrected = there.filter(changed_at__lt=end), there.filter(changed_at__gte=end, **_CORRECTED)
    if wanted.ends == WITHDRAWN:
        return [(evidence.matching(standing.filter(withdrawn_then(day)), wanted, day), "valid_until")]
    was = {f"was_{name}": _version(name, end) for name in STATED}
    parts = [
        (standing.filter(withdrawn_at=None), ""),
        (standing.filter(withdrawn_at__gte=end), ""),
        (corrected.filter(Q(withdrawn_at=None) | Q(withdrawn_at__gte=end)).annotate(**was), "was_"),
    ]
    return [(evidence.matching(found, wanted, day, prefix), f"{prefix}valid_until") for found, prefix in parts]


def _ids(wanted: Wanted, day: date, most: int) -> list[int]:
    """The keys of those that end first, in the order of their ends."""
    found = [
        part.order_by(F(until).asc(nulls_last=True), "id").values_list(until, "id")[:most]
        for part, until in _parts(wanted, day)
    ]
    return [pk for _, pk in islice(merge(*found, key=_by_end), most)]


def _length(wanted: Wanted, day: date) -> int:
    """How many there are, counted to one more than are shown at most."""
    parts = [part.values("pk")[: MOST_ROWS + 1] for part, _ in _parts(wanted, day)]
    try:
        key = ("evidence of a day", [rows.query.sql_with_params() for rows in parts])
    except EmptyResultSet:
        return 0
    return kept(key, lambda: sum(rows.count() for rows in parts))


def _by_end(row: Any) -> tuple[bool, date, int]:
    until, pk = row
    return (until is None, until or date.max, pk)


def _items(ids: Sequence[int], day: date) -> list[Item]:
    """The items in this order, as they stood; one query."""
    whole = Evidence.objects.filter(pk__in=ids).select_related("application__department", "file", "added_by")
    found = {one.pk: one for one in as_stood(whole, day)}
    return evidence.as_items(_stood([found[pk] for pk in ids if pk in found], day), day)


def _stood(found: Sequence[Any], day: date) -> Iterator[Evidence]:
    for one in found:
        for name in STATED:
            setattr(one, name, getattr(one, f"was_{name}"))
        if one.withdrawn_at is not None and one.withdrawn_at >= end_of(day):
            one.withdrawn_at = None
        yield one


def _added(parts: Sequence[Counts]) -> Counts:
    return Counts(sum(one.expired for one in parts), {days: sum(one.within[days] for one in parts) for days in ENDS})


class _Rows(Sequence[Item]):
    """The list as a paginator takes it. `more`: there are others."""

    def __init__(self, wanted: Wanted, day: date) -> None:
        self._wanted, self._day = wanted, day
        self._length = _length(wanted, day)

    def __len__(self) -> int:
        return min(self._length, MOST_ROWS)

    @property
    def more(self) -> bool:
        return self._length > MOST_ROWS

    def __getitem__(self, part: Any) -> Any:
        return _items(_ids(self._wanted, self._day, part.stop)[part], self._day)
