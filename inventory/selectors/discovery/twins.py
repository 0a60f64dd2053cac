"""Which registered applications something seen may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from inventory import access
from inventory.matching import normal
from inventory.models import Identifier, User
from inventory.selectors.kept import kept

MOST = 2  # a name
SHORTEST = 3  # characters: below that everything resembles everything
# For each name the index on upper(name) is asked once
_ALIKE = """
SELECT given.no, found.id, found.external_id, found.name, found.likeness
FROM unnest(%s::bigint[], %s::text[]) AS given (no, name) CROSS JOIN LATERAL (
    SELECT a.id, a.external_id, a.name, similarity(upper(a.name), given.name) AS likeness
    FROM inventory_aiapplication a WHERE upper(a.name) %% given.name {visible}
    ORDER BY likeness DESC, a.id LIMIT {most}
) found ORDER BY given.no, found.likeness DESC, found.id
"""

Wanted = tuple[Sequence[tuple[str, str]], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Twin:
    """A registered application. `certain`: it has the identifier, or one that fits as well as another's."""

    pk: int
    external_id: str
    name: str
    likeness: float  # 0 to 1, by trigrams
    certain: bool = False


def twins_of(user: User, names: Mapping[int, str], wanted: Mapping[int, Wanted]) -> dict[int, list[Twin]]:
    """The likely twins of each, as far as the person may see them; at most five queries. `names` by key; `wanted`: its
    identifiers, and the applications that it fits equally well."""
    if not names:
        return {}
    found = _holders(user, wanted)
    for no, twin in _alike(user, names):
        known = found.setdefault(no, [])
        if twin.pk not in {one.pk for one in known}:
            known.append(twin)
    return found


def _holders(user: User, wanted: Mapping[int, Wanted]) -> dict[int, list[Twin]]:
    texts = {value.strip().casefold() for identifiers, _ in wanted.values() for _, value in identifiers}
    texts |= {normal(kind, value) for identifiers, _ in wanted.values() for kind, value in identifiers}
    held = {
        (kind, normal(kind, folded)): pk
        for kind, folded, pk in Identifier.objects.filter(folded__in=texts).values_list("kind", "folded", "application")
    }
    fits = {
        no: [held[key] for kind, value in identifiers if (key := (kind, normal(kind, value))) in held] + list(others)
        for no, (identifiers, others) in wanted.items()
    }
    visible = access.applications(user).filter(pk__in={pk for found in fits.values() for pk in found})
    by_key = {
        pk: Twin(pk, external_id, name, 1.0, certain=True)
        for pk, external_id, name in visible.values_list("pk", "external_id", "name")
    }
    return {no: [by_key[pk] for pk in dict.fromkeys(found) if pk in by_key] for no, found in fits.items()}


def _alike(user: User, names: Mapping[int, str]) -> list[tuple[int, Twin]]:
    asked = {no: name.upper()[:200] for no, name in names.items() if len(name.strip()) >= SHORTEST}
    if access.sees_everything(user):  # so that nothing kept can be shown to whom it was taken from meanwhile
        return kept(("twins", asked), lambda: _search(asked))
    sql, params = access.applications(user).order_by().values("pk").query.sql_with_params()
    return _search(asked, f"AND a.id IN ({sql})", params)


def _search(asked: Mapping[int, str], visible: str = "", params: Sequence[Any] = ()) -> list[tuple[int, Twin]]:
    with connection.cursor() as cursor:
        cursor.execute(_ALIKE.format(visible=visible, most=MOST), [list(asked), list(asked.values()), *params])
        return [(no, Twin(*rest)) for no, *rest in cursor.fetchall()]
