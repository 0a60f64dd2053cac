"""Figures of very many applications, kept in the cache from one roll-up to the next: dear to count for every view.

What is kept stands under the roll-up, the newest changes of the register and of the tree of departments, the roles of
people and the method in force, so that it ends with any of them: nobody goes on seeing what they lost the right to.
Whatever else a figure depends on belongs into its key. It may be newer than the roll-up it stands under, never older.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from typing import Any, TypeVar

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db.models import F, Func, IntegerField, QuerySet, Subquery

from inventory.models import AIApplication, Department, Role
from risk.method import load_method
from risk.models import RollUpCount

SECONDS = 300  # for what neither a roll-up nor the register tells of, such as a worker that died between two commits
Found = TypeVar("Found")
Standing = tuple[Any, ...]
_ASKED: ContextVar[list[Standing] | None] = ContextVar("asked", default=None)


@contextmanager
def one_standing() -> Iterator[None]:
    """Around a page (it decorates a view as well): all that is kept stands under the same, which is asked for once."""
    token = _ASKED.set([])
    try:
        yield
    finally:
        _ASKED.reset(token)


def kept(key: object, find: Callable[[], Found]) -> Found:
    """What `find` finds, taken once as long as nothing changes. `key` says all that it depends on; what it finds goes
    through pickle. One query, but for one within `one_standing`."""
    standing = _standing_now()
    if not standing:
        return find()
    name = f"kept:{sha256(repr((key, standing)).encode()).hexdigest()}"
    found = cache.get(name)
    if found is None:
        found = (find(),)  # in a tuple, so that None and nothing differ
        cache.set(name, found, SECONDS)
    return found[0]


def kept_rows(query: QuerySet[Any, Any]) -> list[Any]:
    """The rows of a query; its own SQL, with who may see what in it, is the key."""
    try:
        return kept(query.query.sql_with_params(), lambda: list(query))
    except EmptyResultSet:
        return []


def _standing_now() -> Standing:
    """Where roll-ups, register, tree, roles and method stand; empty before the first roll-up. One query."""
    asked = _ASKED.get()
    if asked:
        return asked[0]
    newest = AIApplication.objects.order_by("-updated_at").values("updated_at")[:1]
    moved = Department.pgh_event_model.objects.order_by("-pgh_id").values("pgh_id")[:1]  # type: ignore[attr-defined]
    given = Role.objects.order_by("-pk").values("pk")[:1]
    held = Role.objects.order_by().annotate(n=Func(F("pk"), function="count", output_field=IntegerField())).values("n")
    asks = (newest, moved, given, held)
    stand = RollUpCount.objects.values_list("number", *(Subquery(one) for one in asks)).first()
    found = (*stand, load_method().version) if stand else ()
    if asked is not None:
        asked.append(found)
    return found
