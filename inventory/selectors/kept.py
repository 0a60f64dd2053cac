"""What is dear to find out about very many applications, kept in the cache until anybody does anything or a feed is
read: each act writes to the audit log, and each chunk of a file to its row, in the transaction of the change.

Figures of use hang on feeds alone, and are looked at while files are read: they are kept between files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import cached_property

from inventory.selectors.feeds import Files, files

SECONDS = 300  # for two transactions that end in another order than their entries have
READING_SECONDS = 60  # so long figures of use may lag behind a file that is being read
COUNTING_SECONDS = 30  # after which whoever is counting is taken for dead
Found = TypeVar("Found")
_STANDING = """
SELECT (SELECT max(id) FROM inventory_auditlogentry), count(*), max(heartbeat_at) FROM inventory_importbatch"""


def kept(key: object, find: Callable[[], Found]) -> Found:
    """What `find` finds, taken once as long as nothing changes. `key` says all that it depends on besides: whoever may
    see it, and the day. One query."""
    name = f"facts:{sha256(repr((key, _standing())).encode()).hexdigest()}"
    found = cache.get(name)
    if found is None:
        found = (find(),)  # in a tuple, so that None and nothing differ
        cache.set(name, found, SECONDS)
    return found[0]


def kept_rows(query: QuerySet[Any, Any]) -> list[Any]:
    """The rows of a query, kept in the same way; its own SQL, with who may see what in it, is the key."""
    try:
        return kept(("rows", *query.query.sql_with_params()), lambda: list(query))
    except EmptyResultSet:
        return []


def _standing() -> tuple[Any, ...]:
    """The newest act, and where the reading of feeds stands."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING)
        return tuple(cursor.fetchone())


@dataclass(frozen=True, slots=True)
class Counted(Generic[Found]):
    """What was found in what feeds told, when, and after which files."""

    found: Found
    at: datetime
    settled: str

    def good(self, now: Files) -> bool:
        """Whether it may be shown as it is. Each chunk of a file changes the figures: a page that counted them anew
        after each took the processor from the reading, and its reader half a second."""
        for_seconds = READING_SECONDS if now.reading else SECONDS
        return self.settled == now.settled and timezone.now() - self.at < timedelta(seconds=for_seconds)


def kept_between_files(
    key: object, find: Callable[[], Found], known: Files | None = None
) -> tuple[Found, datetime | None]:
    """What `find` finds in what feeds told, and when it was counted where that may be behind (None: as things stand).
    Counted anew once a file is read to its end or undone; while one is being read, at most every READING_SECONDS.
    One query, none where `known` is given."""
    now = known or files()
    name = f"use:{sha256(repr(key).encode()).hexdigest()}"
    held: Counted[Found] | None = cache.get(name)
    if held is None or not held.good(now):
        held = _counted(name, now, find, held)
    return held.found, held.at if now.reading or held.settled != now.settled else None


def _counted(name: str, now: Files, find: Callable[[], Found], held: Counted[Found] | None) -> Counted[Found]:
    """One reader counts; to the others what was kept is good enough meanwhile."""
    claim = f"{name}:counting"
    mine = cache.add(claim, True, COUNTING_SECONDS)
    if held is not None and not mine:
        return held
    try:
        at = timezone.now()
        counted = Counted(find(), at, now.settled)
        cache.set(name, counted, SECONDS)
    finally:
        if mine:
            cache.delete(claim)
    return counted


class KeptPaginator(Paginator):
    """Pages of a query whose number of rows is kept; its own SQL, with who may see what in it, is the key."""

    @cached_property
    def count(self) -> int:
        found: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        rows = found.order_by()
        try:
            return kept(("count", *rows.values("pk").query.sql_with_params()), rows.count)
        except EmptyResultSet:
            return 0
