"""What is dear to find out about very many applications, kept in the cache until anybody does anything or a feed is
read: each act writes to the audit log, and each chunk of a file to its row, in the transaction of the change."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import cached_property

SECONDS = 300  # for two transactions that end in another order than their entries have
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


def _standing() -> tuple[Any, ...]:
    """The newest act, and where the reading of feeds stands."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING)
        return tuple(cursor.fetchone())


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
