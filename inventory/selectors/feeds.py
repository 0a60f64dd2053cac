"""Feed files read, and AI apps seen but not registered, as their pages show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum
from django.utils import timezone

from inventory import access
from inventory.choices import BatchState, Operation
from inventory.connectors.registry import CONNECTORS
from inventory.models import (
    DailyUsage,
    DailyUser,
    Department,
    ImportBatch,
    QuarantinedRow,
    Sighting,
    User,
)

A_PAGE = 25


@dataclass(frozen=True, slots=True)
class Freshness:
    """A kind of feed: when a file of it was last read, and the time of the newest record in any; None for never."""

    kind: str
    title: str
    read_at: datetime | None
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A registered application that fits a sighting as well as another does."""

    pk: int
    name: str


@dataclass(frozen=True, slots=True)
class SightingRow:
    """An AI app that was used and is not registered. Figures are those of the people looked at, in the period;
    `first_seen` and `last_seen` are theirs at any time."""

    pk: int
    name: str
    kinds: list[str]
    agent_id: str
    app_identity: str
    host: str
    reason: str
    candidates: list[Candidate]
    interactions: int
    visits: int  # to its site, which are no interactions
    sensitive: int
    users: int  # distinct
    departments: list[str]
    first_seen: date | None
    last_seen: date | None


# Short: they stand in a narrow column
SEEN_AS = {
    Operation.COPILOT: "Copilot or agent",
    Operation.AI_APP: "AI app or site",
    Operation.CONNECTED: "Connected app",
    Operation.TEAM_COPILOT: "Team Copilot",
    Operation.VISIT: "Visited site",
}
SIGHTING_SORTS = {
    "interactions": "interactions",
    "sensitive": "sensitive",
    "name": "sighting__folded",
    "seen": "last",
}


def freshness() -> list[Freshness]:
    """Each kind of feed we can read."""
    rows = (
        ImportBatch.objects.filter(state=BatchState.DONE)
        .order_by()
        .values_list("kind")
        .annotate(read=Max("finished_at"), newest=Max("newest_at"))
    )
    known: dict[str, tuple[datetime | None, datetime | None]] = {kind: (read, newest) for kind, read, newest in rows}
    return [Freshness(kind, connector.title, *known.get(kind, (None, None))) for kind, connector in CONNECTORS.items()]


def quarantined(batch: ImportBatch, page: int = 1) -> Page:
    """The quarantined rows of a file, without their texts."""
    found = QuarantinedRow.objects.filter(batch=batch).defer("raw").order_by("line")
    return Paginator(found, A_PAGE).get_page(page)


def quarantine_reasons(batch: ImportBatch, most: int = 10) -> list[tuple[str, int]]:
    """The reasons for quarantine with how many rows each, most first."""
    found = QuarantinedRow.objects.filter(batch=batch).order_by().values_list("reason").annotate(n=Count("pk"))
    return list(found.order_by("-n", "reason")[:most])


def sightings(
    user: User,
    *,
    department: Department | None = None,
    period: int = 30,
    operations: Sequence[int] = (),
    q: str = "",
    sort: str = "",
    page: int = 1,
    today: date | None = None,
) -> Page:
    """A page of SightingRow: unregistered AI apps used in the last `period` days by the people of the department (with
    what is below it), or else of the departments the person may see; *Unassigned* people for who sees everything.

    The same number of queries whatever the size.
    """
    people = _people(user, department)
    day = today or timezone.localdate()
    seen = DailyUsage.objects.filter(people, application=None, day__gt=day - timedelta(days=period), day__lte=day)
    if operations:
        seen = seen.filter(sighting__operations__overlap=list(operations))
    if q:
        text = Q(sighting__name__icontains=q) | Q(sighting__app_identity__icontains=q) | Q(sighting__host__icontains=q)
        seen = seen.filter(text)
    order = SIGHTING_SORTS.get(sort.removeprefix("-"), "interactions")
    down = sort.startswith("-") or not sort
    grouped = (
        seen.values("sighting_id")
        .annotate(interactions=Sum("interactions"), visits=Sum("visits"), sensitive=Sum("sensitive"), last=Max("day"))
        .order_by(F(order).desc() if down else F(order).asc(), "sighting_id")
    )
    found: Page = Paginator(grouped, A_PAGE).get_page(page)
    found.object_list = _sighting_rows(user, list(found), seen, people, (day, period))
    return found


def _people(user: User, department: Department | None) -> Q:
    """The daily rows of the people looked at."""
    everything = access.sees_everything(user)
    if everything and (department is None or department.parent_id is None):
        return Q()
    seen = access.departments(user)
    if department is not None:
        seen = seen.filter(pk__in=Department.objects.subtree_of(department).order_by().values("pk"))
    return Q(department__in=seen.order_by().values("pk"))


def _sighting_rows(
    user: User, rows: list[dict], seen: QuerySet[DailyUsage], people: Q, within: tuple[date, int]
) -> list[SightingRow]:
    ids = [row["sighting_id"] for row in rows]
    known = Sighting.objects.in_bulk(ids)
    users = _distinct_users(people, ids, *within)
    names: dict[int, list[str]] = {}
    for pk, name in (
        seen.filter(sighting__in=ids)
        .order_by("department__name")
        .values_list("sighting_id", "department__name")
        .distinct()
    ):
        names.setdefault(pk, []).append(name or "Unassigned")
    ever = {
        row["sighting_id"]: row
        for row in DailyUsage.objects.filter(people, application=None, sighting__in=ids)
        .order_by()
        .values("sighting_id")
        .annotate(first=Min("day"), last=Max("day"))
    }
    candidates = _candidates(user, known.values())
    return [
        SightingRow(
            pk=row["sighting_id"],
            name=sighting.name,
            kinds=[SEEN_AS[Operation(operation)] for operation in sighting.operations],
            agent_id=sighting.agent_id,
            app_identity=sighting.app_identity,
            host=sighting.host,
            reason=sighting.reason,
            candidates=[candidates[pk] for pk in sighting.candidates if pk in candidates],
            interactions=row["interactions"],
            visits=row["visits"],
            sensitive=row["sensitive"],
            users=users.get(row["sighting_id"], 0),
            departments=names.get(row["sighting_id"], []),
            first_seen=ever[row["sighting_id"]]["first"],
            last_seen=ever[row["sighting_id"]]["last"],
        )
        for row in rows
        for sighting in [known[row["sighting_id"]]]
    ]


def _distinct_users(people: Q, ids: Sequence[int], day: date, period: int) -> dict[int, int]:
    found = (
        DailyUser.objects.filter(people, application=None, sighting__in=ids)
        .filter(day__gt=day - timedelta(days=period), day__lte=day)
        .order_by()
        .values_list("sighting_id")
        .annotate(n=Count("pseudonym", distinct=True))
    )
    return dict(found)


def _candidates(user: User, found: Iterable[Sighting]) -> dict[int, Candidate]:
    """The applications of ties, as far as the person may see them."""
    wanted = {pk for sighting in found for pk in sighting.candidates}
    if not wanted:
        return {}
    rows = access.applications(user).filter(pk__in=wanted).values_list("pk", "name")
    return {pk: Candidate(pk, name) for pk, name in rows}
