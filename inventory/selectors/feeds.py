"""Feed files read, as their pages show them."""

from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Count, DateTimeField, F, Func, IntegerField, Max, Q, Subquery, Sum
from django.db.models.functions import Least

from inventory.choices import BatchState
from inventory.connectors.registry import CONNECTORS
from inventory.models import (
    ImportBatch,
    QuarantinedRow,
    Ruling,
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
class Files:
    """Where the files of feeds stand."""

    done: dict[str, tuple[datetime | None, datetime | None]]  # kind → when one was last read, its newest record
    # Another one whenever a file was read to its end, given up, undone or forgotten, or a person decided about a name
    settled: str
    reading: bool  # whether one is being read, which tells more with each chunk


# What is linked or ruled out leaves the figures of what isn't registered; asked with the files, it costs no query more
_RULINGS = {
    name: Subquery(Ruling.objects.order_by().annotate(found=told).values("found"))
    for name, told in (
        ("rulings", Func(F("pk"), function="count", output_field=IntegerField())),
        ("ruled_at", Func(F("decided_at"), function="max", output_field=DateTimeField())),
    )
}


# No file tells of what came after it was read: a wrong clock's record would show an old feed as new. Where records have
# no time there is none
_NEWEST = Max(Least("newest_at", "finished_at"), filter=Q(newest_at__isnull=False))


def files() -> Files:
    """One query."""
    rows = list(
        ImportBatch.objects.order_by("kind", "state")
        .values_list("kind", "state")
        .annotate(n=Count("pk"), all=Sum("rows"), beat=Max("heartbeat_at"))
        .annotate(read=Max("finished_at"), newest=_NEWEST, **_RULINGS)
    )
    return Files(
        done={kind: (read, newest) for kind, state, _, _, _, read, newest, *_ in rows if state == BatchState.DONE},
        settled=repr(([row for row in rows if row[1] not in _UNSETTLED], {row[-len(_RULINGS) :] for row in rows})),
        reading=any(row[1] == BatchState.RUNNING for row in rows),
    )


_UNSETTLED = (BatchState.WAITING, BatchState.UNMAPPED, BatchState.RUNNING)


def freshness(known: Files | None = None) -> list[Freshness]:
    """Each kind of feed we can read."""
    done = (known or files()).done
    return [Freshness(kind, connector.title, *done.get(kind, (None, None))) for kind, connector in CONNECTORS.items()]


def quarantined(batch: ImportBatch, page: int = 1) -> Page:
    """The quarantined rows of a file, without their texts."""
    found = QuarantinedRow.objects.filter(batch=batch).defer("raw").order_by("line")
    return Paginator(found, A_PAGE).get_page(page)


def quarantine_reasons(batch: ImportBatch, most: int = 10) -> list[tuple[str, int]]:
    """The reasons for quarantine with how many rows each, most first."""
    found = QuarantinedRow.objects.filter(batch=batch).order_by().values_list("reason").annotate(n=Count("pk"))
    return list(found.order_by("-n", "reason")[:most])


def batch_named(pk: int) -> ImportBatch | None:
    """The file that brought a record; None where its entry is no longer kept."""
    return ImportBatch.objects.filter(pk=pk).only("pk", "file_name", "finished_at").first()
