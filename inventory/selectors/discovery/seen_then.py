"""AI apps, agents and models that had been seen by the end of a past day and matched nothing registered then.

What was used in the period up to the day, by the daily figures. Agents that are only listed, apps that a service
reports, and what is alike in the register are known of today alone, and left out.
"""

from collections.abc import Sequence

from django.core.paginator import Page, Paginator
from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from inventory import access
from inventory.choices import Operation, RulingKind
from inventory.models import DailySensitive, DailyUsage, Sighting
from inventory.selectors.discovery.decided_then import Decided, rulings_then
from inventory.selectors.discovery.seen import (
    A_PAGE,
    NO_FIGURES,
    SEEN_AS,
    Looked,
    SeenRow,
    called,
    figures_of,
    identifiers_of,
    known_app,
)


def seen_then(
    looked: Looked,
    decided: Decided,
    *,
    standing: str = "",
    operations: Sequence[int] = (),
    sensitive: bool = False,
    q: str = "",
) -> QuerySet[Sighting]:
    """What the people looked at used in the period that was not settled; or, of a `standing`, what had been decided so
    and that they had used at any time by then."""
    days = Q(day__lte=decided.day) if standing else looked.days & decided.loose
    used = DailyUsage.objects.filter(looked.people, days, sighting__isnull=False)
    found = Sighting.objects.filter(pk__in=used.order_by().values("sighting"))
    if standing:
        names = decided.linked if standing == RulingKind.LINKED else decided.ruled_out
        found = found.filter(folded__in=sorted(names))
    elif decided.settled:
        found = found.exclude(folded__in=sorted(decided.settled))
    if operations:
        found = found.filter(operations__overlap=list(operations))
    if sensitive:
        marked = DailySensitive.objects.filter(looked.people, looked.days, decided.loose)
        found = found.filter(pk__in=marked.order_by().values("sighting"))
    return found.filter(called(q)) if q else found


def page_then(looked: Looked, decided: Decided, found: QuerySet[Sighting], sort: str = "", page: int = 1) -> Page:
    """A page of SeenRow, by use in the period; the same number of queries whatever the size."""
    down = sort.startswith("-") or not sort
    word = sort.removeprefix("-") or "interactions"
    # Loose rows alone: their index has a name's days side by side
    own = DailyUsage.objects.filter(looked.people, decided.loose, sighting=OuterRef("pk")).order_by().values("sighting")
    if word == "interactions":
        added = own.filter(looked.days).annotate(n=Sum("interactions")).values("n")
        found = found.annotate(place=Coalesce(Subquery(added), 0))
    elif word == "seen":
        found = found.annotate(place=Subquery(own.filter(day__lte=decided.day).annotate(n=Max("day")).values("n")))
    column = F("folded" if word == "name" else "place")
    ordered = found.order_by(column.desc() if down else column.asc(), "id")
    result: Page = Paginator(ordered, A_PAGE).get_page(page)
    result.object_list = _rows(looked, decided, list(result.object_list))
    return result


def _rows(looked: Looked, decided: Decided, sightings: Sequence[Sighting]) -> list[SeenRow]:
    ids = [one.pk for one in sightings]
    rulings = rulings_then(decided.day, [one.folded for one in sightings])
    figures = figures_of(looked, looked.people & Q(sighting__in=ids))
    open_ = set(access.sightings(looked.user).filter(pk__in=ids).values_list("pk", flat=True))
    return [
        SeenRow(
            pk=one.pk,
            name=one.name,
            known=known_app(one),
            kinds=[str(SEEN_AS[Operation(operation)]) for operation in one.operations],
            identifiers=identifiers_of(one),
            reason=one.reason,
            ruling=rulings.get(one.folded),
            opens=one.pk in open_,
            **figures.get(one.pk, NO_FIGURES),
        )
        for one in sightings
    ]
