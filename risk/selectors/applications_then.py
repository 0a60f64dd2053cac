"""The list of AI applications as it stood at the end of a past day: the register by its row history, the risk by the
judgement that was in force.

Rights are those of today: listed is what the person may see today, and lay in a department then that they see today.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import QuerySet

from inventory import access
from inventory.access import Permission
from inventory.models import Department, User
from risk.choices import OVERALL, Principle
from risk.selectors.applications import OPEN_CLASS, RISK, ROWS_A_CHUNK, ROWS_A_PAGE, Row, Wanted
from risk.selectors.history import end_of, points_before
from risk.selectors.kept import kept
from risk.selectors.keys import array

# Of each application the newest version before the end of the day, and the newest judgement up to it, each by one
# descent of an index. No figure was in force where it could not be judged at the day's end.
FROM = """
FROM inventory_aiapplication a
CROSS JOIN LATERAL (
    SELECT * FROM inventory_aiapplicationevent WHERE pgh_obj_id = a.id AND pgh_created_at < %(end)s
    ORDER BY pgh_created_at DESC, pgh_id DESC LIMIT 1) app
LEFT JOIN inventory_department department ON department.id = app.department_id
LEFT JOIN inventory_user owner ON owner.id = app.owner_id
LEFT JOIN (
    SELECT application_id FROM risk_notcomputable WHERE since < %(end)s
    UNION SELECT application_id FROM risk_notcomputablespell WHERE since < %(end)s AND until >= %(end)s
) unjudged ON unjudged.application_id = a.id
LEFT JOIN LATERAL (
    SELECT * FROM risk_scoresnapshot
    WHERE application_id = a.id AND as_of <= %(day)s AND unjudged.application_id IS NULL
    ORDER BY as_of DESC, id DESC LIMIT 1) score ON true
WHERE """
_OWNER = "COALESCE(NULLIF(owner.display_name, ''), owner.username, '')"
_COLUMNS = {
    "external_id": "app.external_id",
    "name": "app.name",
    "department": "department.name",
    "kind": "app.kind",
    "lifecycle": "app.lifecycle",
    "class": "score.eu_class",
    "owner": f"NULLIF({_OWNER}, '')",
    "review": "app.next_review",
    "updated": "app.updated_at",
    **{measure: f"score.{measure}_point" for measure in (OVERALL, *Principle.values)},
}
SORTS = (RISK, *_COLUMNS)  # not the change in 30 days, which is worked out for the rows of a page alone
_SEARCHED = " OR ".join(f"upper(app.{name}) LIKE upper(%(q)s)" for name in ("name", "purpose", "vendor", "external_id"))
_ROW = f"""
SELECT a.id, app.external_id, app.name, app.kind, COALESCE(department.name, 'a removed department'), app.lifecycle,
    {_OWNER}, app.next_review, unjudged.application_id IS NULL, score.id IS NOT NULL, score.eu_class,
    score.{{principle}}_low, score.{{principle}}_point, score.{{principle}}_high,
    app.vendor, app.updated_at, score.method, score.overall_point,
    {", ".join(f"score.{one}_point" for one in Principle.values)}
{FROM} a.id = ANY(%(ids)s)"""
_BESIDE = -len(Principle.values)


def page(user: User, wanted: Wanted, day: date, number: int) -> Page:
    """One page of the list as it stood. Which applications there are, and their order, is kept; the rows are not."""
    sql, given = asked(user, wanted, day)
    ids = kept(("applications then", sql, given), lambda: _ids(sql, given))
    found: Page[Any] = Paginator(ids, ROWS_A_PAGE).get_page(number)
    part = list(found.object_list)
    whole = rows(part, day, wanted.principle)
    found.object_list = [whole[pk] for pk in part if pk in whole]
    return found


def every(user: User, wanted: Wanted, day: date) -> Iterator[Row]:
    """The whole list of what the person may take away; the ids at once, the rows a chunk at a time."""
    ids = taken_away(user, wanted, day)
    for start in range(0, len(ids), ROWS_A_CHUNK):
        part = ids[start : start + ROWS_A_CHUNK]
        whole = rows(part, day, wanted.principle)
        yield from (whole[pk] for pk in part if pk in whole)


def taken_away(user: User | None, wanted: Wanted, day: date) -> list[int]:
    """The ids of what the person may take away of the list as it stood, in the order wanted."""
    return _ids(*asked(user, wanted, day, Permission.EXPORT))


def asked(
    user: User | None, wanted: Wanted, day: date, permission: Permission = Permission.VIEW
) -> tuple[str, dict[str, Any]]:
    """The query of the ids of what is wanted, in the order wanted, and its parameters."""
    given: dict[str, Any] = {"day": day, "end": end_of(day)}
    tests = [*_in_sight(user, wanted, permission, given), *_narrowed(wanted, given)]
    word = (wanted.sort or f"-{RISK}").removeprefix("-")
    column = _COLUMNS[wanted.principle if word == RISK else word]
    turned = "DESC" if wanted.sort.startswith("-") or not wanted.sort else "ASC"
    order = f" ORDER BY {column} {turned} NULLS LAST, a.id {turned}"
    return f"SELECT a.id {FROM}{' AND '.join(tests) or 'true'}{order}", given


def _in_sight(user: User | None, wanted: Wanted, permission: Permission, given: dict[str, Any]) -> Iterator[str]:
    """What keeps the list to the person's applications of today, and to departments of then that they see today. Who
    sees everything is kept from nothing, departments that are gone included."""
    everything = access.sees_everything(user, permission)
    if not everything:
        yield f"a.id IN ({_keys(access.applications(user, permission), 'app', given)})"
    chosen = wanted.department if wanted.department and wanted.department.parent_id else None
    departments = access.departments(user, permission)
    if chosen:
        departments = departments.filter(pk__in=Department.objects.subtree_of(chosen).order_by().values("pk"))
    if chosen or not everything:
        yield f"app.department_id IN ({_keys(departments, 'department', given)})"


def _keys(found: QuerySet[Any], name: str, given: dict[str, Any]) -> str:
    """A query of keys by named parameters, which it adds to `given`."""
    try:
        sql, params = found.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # Django's word for a query that it knows to find nothing
        return "SELECT NULL::bigint WHERE false"
    names = [f"{name}{number}" for number, _ in enumerate(params)]
    given.update(zip(names, params, strict=True))
    return sql % tuple(f"%({one})s" for one in names)


def _narrowed(wanted: Wanted, given: dict[str, Any]) -> Iterator[str]:
    """What else the rows have to be; the values of it are added to `given`."""
    lists = {"app.kind": wanted.kinds, "app.lifecycle": wanted.lifecycles, "score.band": wanted.bands}
    for column, words in lists.items():
        if words:
            given[column] = list(words)
            yield f"{column} = ANY(%({column})s)"
    if wanted.classes:
        given["classes"] = list(wanted.classes)
        undecided = " OR score.eu_class IS NULL" if OPEN_CLASS in wanted.classes else ""
        yield f"(score.eu_class = ANY(%(classes)s){undecided})"
    if wanted.points:
        given["low"], given["high"] = map(int, wanted.points.split("-"))
        yield "score.overall_point >= %(low)s AND (score.overall_point < %(high)s OR %(high)s = 100)"
    if wanted.owner:
        given["owner"] = wanted.owner
        yield "owner.username = %(owner)s"
    if wanted.q:
        given["q"] = f"%{connection.ops.prep_for_like_query(wanted.q)}%"
        yield f"({_SEARCHED})"


def _ids(sql: str, given: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return [pk for (pk,) in cursor.fetchall()]


def rows(ids: Sequence[int], day: date, principle: str) -> dict[int, Row]:
    """The applications of a page as they stood, by id; two queries. Deciding articles, and the classes that are still
    possible, are kept of today's judgement alone, and left out."""
    before = points_before(ids, day)
    given: dict[str, Any] = {"ids": array(ids), "day": day, "end": end_of(day)}
    with connection.cursor() as cursor:
        cursor.execute(_ROW.format(principle=principle), given)
        return {row[0]: _row(row, before) for row in cursor.fetchall()}


def _row(row: Sequence[Any], before: Mapping[int, float]) -> Row:
    *values, vendor, updated, method, overall = row[:_BESIDE]
    was = before.get(row[0])
    change = None if was is None or overall is None else overall - was
    cells: list[Any] = [*values[:11], (), (), *values[11:], change, vendor, updated, row[_BESIDE:], method]
    return Row(*cells)
