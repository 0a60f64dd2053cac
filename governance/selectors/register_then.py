"""The register and its judgements as they stood at the end of a past day, as rows of datasets. What no history holds of
them (articles) is empty."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.db import connection

from governance.selectors.extent import Extent
from risk.choices import EUClass, Principle
from risk.selectors import applications, applications_then
from risk.selectors.history import end_of
from risk.selectors.keys import array

CHUNK = 1_000  # applications looked up in one query

_TIME = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
DEPARTMENT = "COALESCE(department.name, 'a removed department')"
_BAND = f"CASE WHEN score.eu_class = '{EUClass.PROHIBITED}' THEN score.eu_class ELSE score.band END"
# Those of which the newest version before the end of the day was of this application, and no removal
_IDENTIFIERS = """(
    SELECT string_agg(one.kind || ':' || one.value, ';' ORDER BY one.kind, one.folded)
    FROM inventory_identifierevent one
    WHERE one.application_id = a.id AND one.pgh_created_at < %(end)s AND one.pgh_label <> 'delete' AND NOT EXISTS (
        SELECT FROM inventory_identifierevent later
        WHERE later.pgh_obj_id = one.pgh_obj_id AND later.pgh_created_at < %(end)s
          AND (later.pgh_created_at, later.pgh_id) > (one.pgh_created_at, one.pgh_id)))"""


def _risk(column: str) -> str:
    """A column of the judgement; empty at the gate, which is no number."""
    return f"CASE WHEN score.eu_class IS DISTINCT FROM '{EUClass.PROHIBITED}' THEN score.{column} END"


# As register_rows has them
APPLICATION = (
    *("app.external_id", "app.name", "app.purpose", "app.kind", "app.origin", "app.vendor"),
    *(DEPARTMENT, "department.key", "app.lifecycle", "owner.username"),
    *("(SELECT username FROM inventory_user WHERE id = app.deputy_id)", "score.eu_class", "NULL"),
    *(_risk(f"overall_{part}") for part in ("point", "low", "high")),
    _BAND,
    *(_risk(f"{principle}_point") for principle in Principle.values),
    *("to_char(app.next_review, 'YYYY-MM-DD')", _IDENTIFIERS),
    *(_TIME.format("app.registered_at"), _TIME.format("app.updated_at")),
)
SCORE = (
    *("app.external_id", "app.name", DEPARTMENT, "score.method", "to_char(score.as_of, 'YYYY-MM-DD')", _BAND),
    *(_risk(f"overall_{part}") for part in ("low", "point", "high")),
    *(_risk(f"{one}_{part}") for one in Principle.values for part in ("inherent", "low", "point", "high")),
)


def rows(extent: Extent, columns: Sequence[str], *, scored: bool = False, live: bool = False) -> Iterator[tuple]:
    """A row an application that the person may take away, in the order of the external ids; the ids at once, the rows a
    chunk at a time. `scored`: only those with a judgement in force; `live`: only those."""
    wanted = applications.wanted_by(extent.filters, extent.department)
    wanted = replace(wanted, sort="external_id", lifecycles=("live",) if live else wanted.lifecycles)
    ids = applications_then.taken_away(extent.user, wanted, extent.day)
    only = " AND score.id IS NOT NULL" if scored else ""
    sql = f"SELECT {', '.join(columns)} {applications_then.FROM} a.id = ANY(%(ids)s){only} ORDER BY app.external_id"
    for start in range(0, len(ids), CHUNK):
        with connection.cursor() as cursor:
            part = array(ids[start : start + CHUNK])
            cursor.execute(sql, {"day": extent.day, "end": end_of(extent.day), "ids": part})
            yield from cursor.fetchall()
