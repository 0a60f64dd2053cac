"""The list of AI applications as it stood at the end of a past day: the register by its row history, the risk by the
judgement that was in force.

Rights are those of today: listed is what the person may see today, and lay in a department then that they see today.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Count, QuerySet
from django.utils import timezone

from inventory import access
from inventory.access import Permission
from inventory.choices import NO_OWNER
from inventory.models import AIApplication, Department, User
from inventory.selectors.chosen import Asked
from risk.choices import OVERALL, Principle
from risk.selectors import applications
from risk.selectors.applications import OPEN_CLASS, RISK, ROWS_A_CHUNK, ROWS_A_PAGE, Row, Wanted
from risk.selectors.history import BEFORE, end_of, month_before
from risk.selectors.kept import kept, kept_rows
from risk.selectors.keys import Among, array

_NEWEST = """
    SELECT {columns} FROM inventory_aiapplicationevent WHERE pgh_obj_id = {of} AND pgh_created_at < %(end)s
    ORDER BY pgh_created_at DESC, pgh_id DESC LIMIT 1"""
_NAMED = """
LEFT JOIN inventory_department department ON department.id = app.department_id
LEFT JOIN inventory_user owner ON owner.id = app.owner_id"""
# No figure was in force where the application could not be judged at the day's end
UNJUDGED = """
LEFT JOIN (
    SELECT application_id FROM risk_notcomputable WHERE since < %(end)s
    UNION SELECT application_id FROM risk_notcomputablespell WHERE since < %(end)s AND until >= %(end)s
) unjudged ON unjudged.application_id = app.id"""
# The newest judgement up to the day, by one descent of an index that holds what lists are narrowed and sorted by
JUDGED = f"""{UNJUDGED}
LEFT JOIN LATERAL (
    SELECT * FROM risk_scoresnapshot
    WHERE application_id = app.id AND as_of <= %(day)s AND unjudged.application_id IS NULL
    ORDER BY as_of DESC, id DESC LIMIT 1) score ON true"""  # noqa: S608
# Of few applications: of each the newest version before the end of the day
FROM = f"""
FROM inventory_aiapplication a
CROSS JOIN LATERAL ({_NEWEST.format(columns="*", of="a.id")}) app{_NAMED}{JUDGED}
WHERE """
# Of all: what nobody has changed since stood as it stands, so that few versions are looked up
_HELD = "id, external_id, name, purpose, kind, vendor, department_id, lifecycle, owner_id, next_review, updated_at"
REGISTER = f"""
FROM (
    SELECT {_HELD} FROM inventory_aiapplication now WHERE NOT EXISTS (
        SELECT FROM inventory_aiapplicationevent WHERE pgh_obj_id = now.id AND pgh_created_at >= %(end)s)
    UNION ALL SELECT {_HELD} FROM (
        SELECT DISTINCT pgh_obj_id FROM inventory_aiapplicationevent WHERE pgh_created_at >= %(end)s) changed
    CROSS JOIN LATERAL ({_NEWEST.format(columns=_HELD, of="changed.pgh_obj_id")}) before) app{_NAMED}"""  # noqa: S608
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
    app.vendor, app.updated_at, score.method, score.overall_point - before.point,
    {", ".join(f"score.{one}_point" for one in Principle.values)}
{FROM.removesuffix("WHERE ")} LEFT JOIN ({BEFORE}) before(id, point) ON before.id = a.id
WHERE a.id = ANY(%(ids)s)"""
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


def worst(user: User, wanted: Wanted, day: date, most: int) -> list[Row]:
    """The rows at the top of the list, without those that had no figure; which they are is kept."""
    sql, given = asked(user, _by_ids(replace(wanted, sort=""), day), day)
    sql, given = f"{sql} LIMIT %(most)s", {**given, "most": most}
    ids = kept(("worst then", sql, given), lambda: _ids(sql, given))
    whole = rows(ids, day, wanted.principle)
    return [whole[pk] for pk in ids if pk in whole and whole[pk].scored]


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
    word = (wanted.sort or f"-{RISK}").removeprefix("-")
    column = _COLUMNS[wanted.principle if word == RISK else word]
    turned = "DESC" if wanted.sort.startswith("-") or not wanted.sort else "ASC"
    return query("app.id", user, wanted, day, permission, f"ORDER BY {column} {turned} NULLS LAST, app.id {turned}")


def query(
    columns: str, user: User | None, wanted: Wanted, day: date, permission: Permission, tail: str
) -> tuple[str, dict[str, Any]]:
    """Columns of what is wanted as it stood. Judgements are looked up where anything asks for them."""
    given: dict[str, Any] = {"day": day, "end": end_of(day)}
    tests = " AND ".join([*_in_sight(user, wanted, permission, given), *narrowed_to(wanted, given)])
    judged = JUDGED if "score." in f"{columns}{tests}{tail}" else ""
    return f"SELECT {columns}{REGISTER}{judged} WHERE {tests or 'true'} {tail}", given


def _in_sight(user: User | None, wanted: Wanted, permission: Permission, given: dict[str, Any]) -> Iterator[str]:
    """What keeps the list to the person's applications of today, and to departments of then that they see today. Who
    sees everything is kept from nothing, departments that are gone included."""
    everything = access.sees_everything(user, permission)
    if not everything:
        yield f"app.id IN ({named_keys(access.applications(user, permission), 'app', given)})"
    chosen = wanted.department if wanted.department and wanted.department.parent_id else None
    departments = access.departments(user, permission)
    if chosen:
        departments = departments.filter(pk__in=Department.objects.subtree_of(chosen).order_by().values("pk"))
    if chosen or not everything:
        yield f"app.department_id IN ({named_keys(departments, 'department', given)})"


def named_keys(found: QuerySet[Any], name: str, given: dict[str, Any]) -> str:
    """The query of the keys of `found`, with parameters that begin with `name`, which it adds to `given`."""
    try:
        sql, params = found.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # Django's word for a query that it knows to find nothing
        return "SELECT NULL::bigint WHERE false"
    names = [f"{name}{number}" for number, _ in enumerate(params)]
    given.update(zip(names, params, strict=True))
    return sql % tuple(f"%({one})s" for one in names)


def narrowed_to(wanted: Wanted, given: dict[str, Any]) -> Iterator[str]:
    """What else the rows have to be; the values of it are added to `given`."""
    lists = {"app.kind": wanted.kinds, "app.lifecycle": wanted.lifecycles, "score.band": wanted.bands}
    for column, words in lists.items():
        if words:
            given[column] = list(words)
            yield f"{column} = ANY(%({column})s)"
    if wanted.place is not None:
        given["place"] = wanted.place.pk
        yield "app.department_id = %(place)s"
    if wanted.classes:
        given["classes"] = list(wanted.classes)
        undecided = " OR score.eu_class IS NULL" if OPEN_CLASS in wanted.classes else ""
        yield f"(score.eu_class = ANY(%(classes)s){undecided})"
    if wanted.among is not None:
        given["among"] = array(wanted.among)
        yield "app.id = ANY(%(among)s::bigint[])"
    if wanted.points:
        given["low"], given["high"] = map(int, wanted.points.split("-"))
        yield "score.overall_point >= %(low)s AND (score.overall_point < %(high)s OR %(high)s = 100)"
    if wanted.owner == NO_OWNER:
        yield "app.owner_id IS NULL"
    elif wanted.owner:
        given["owner"] = wanted.owner
        yield "owner.username = %(owner)s"
    if wanted.q:
        given["q"] = f"%{connection.ops.prep_for_like_query(wanted.q)}%"
        yield f"({_SEARCHED})"


def among(wanted: Wanted, day: date) -> QuerySet[AIApplication, Any] | None:
    """The ids of those that kind, band, class and owner left then (the stage is not told apart), as
    `applications.among` has them of today."""
    if applications.among(wanted) is None:
        return None
    return AIApplication.objects.filter(Among("pk", left(wanted, day))).order_by().values("pk")


def chosen(asked: Asked, then: date | None) -> QuerySet[AIApplication, Any] | None:
    """What kind, band, class and owner of an address leave, for `inventory.selectors.chosen`. Judged are they as of the
    last roll-up, as in the figures that lead here."""
    wanted = Wanted(kinds=asked.kinds, bands=asked.bands, classes=asked.classes, owner=asked.owner)
    day = then or (timezone.localdate() if wanted.bands or wanted.classes else None)
    return among(wanted, day) if day else applications.among(wanted)


def seen(
    user: User | None, wanted: Wanted, day: date, permission: Permission = Permission.VIEW
) -> QuerySet[AIApplication, Any] | None:
    """The ids of what is wanted as it stood, of what the person sees today and saw then: what alerts and evidence of a
    past day may be about. None: of anything, for who sees everything and asks for nothing; kept."""
    sql, given = query("app.id", user, _by_ids(wanted, day), day, permission, "ORDER BY app.id")
    if given.keys() == {"day", "end"} and access.sees_everything(user, permission):
        return None
    return (
        AIApplication.objects.filter(Among("pk", kept(("seen then", sql, given), lambda: _ids(sql, given))))
        .order_by()
        .values("pk")
    )


def left(wanted: Wanted, day: date) -> list[int]:
    """The ids of those that kind, band, class and owner left at the end of a day, whoever may see them; kept, since
    pages ask for them many times. Those of today are read off the indexes of what is."""
    found = replace(wanted, department=None, q="", sort="external_id", points="", principle=OVERALL, lifecycles=())
    now = applications.among(found) if day >= timezone.localdate() else None
    if now is not None:
        return kept_rows(now.values_list("pk", flat=True))
    sql, given = asked(None, found, day)
    return kept(("among then", sql, given), lambda: _ids(sql, given))


def _by_ids(wanted: Wanted, day: date) -> Wanted:
    """The same with bands and classes as ids, so that no judgement is looked up twice."""
    if not (wanted.bands or wanted.classes):
        return wanted
    return replace(wanted, kinds=(), bands=(), classes=(), owner="", among=tuple(left(wanted, day)))


def bands(user: User, wanted: Wanted, day: date) -> dict[str | None, int]:
    """How many of what is wanted were in each band; None: without a figure. Kept."""
    if day >= timezone.localdate():
        found = applications.narrowed(access.applications(user), wanted)
        return dict(kept_rows(found.values_list("score__band").annotate(n=Count("pk"))))
    return dict(_counted("score.band", user, wanted, day))


def distribution(user: User, wanted: Wanted, day: date, step: int) -> dict[int, int]:
    """How many of what is wanted had a risk of so many points, by the lower edge of each step. Kept."""
    edge = f"least(floor(score.overall_point / {int(step)}) * {int(step)}, {100 - int(step)})::int"
    return {low: n for low, n in _counted(edge, user, wanted, day) if low is not None}


def judged_by_department(user: User, wanted: Wanted, day: date, columns: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The query of what is wanted and had a figure: a row a department of then, with the applications' ids and these
    columns of their judgements as arrays, in the order of the ids."""
    arrays = [f"array_agg({one} ORDER BY app.id)" for one in ("app.id", *(f"score.{name}" for name in columns))]
    selected = ", ".join(["app.department_id", *arrays])
    tail = "AND score.id IS NOT NULL GROUP BY app.department_id"
    return query(selected, user, _by_ids(wanted, day), day, Permission.VIEW, tail)


def _counted(value: str, user: User, wanted: Wanted, day: date) -> list[tuple[Any, int]]:
    sql, given = query(f"{value}, count(*)", user, _by_ids(wanted, day), day, Permission.VIEW, "GROUP BY 1")

    def found() -> list[tuple[Any, int]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, given)
            return cursor.fetchall()

    return kept(("counted then", sql, given), found)


def _ids(sql: str, given: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return [pk for (pk,) in cursor.fetchall()]


def rows(ids: Sequence[int], day: date, principle: str) -> dict[int, Row]:
    """The applications of a page as they stood, by id; one query. Deciding articles, and the classes that are still
    possible, are kept of today's judgement alone, and left out."""
    given: dict[str, Any] = {"ids": array(ids), "day": day, "end": end_of(day), **month_before(day)}
    with connection.cursor() as cursor:
        cursor.execute(_ROW.format(principle=principle), given)
        return {row[0]: _row(row) for row in cursor.fetchall()}


def _row(row: Sequence[Any]) -> Row:
    *values, vendor, updated, method, change = row[:_BESIDE]
    cells: list[Any] = [*values[:11], (), (), *values[11:], change, vendor, updated, row[_BESIDE:], method]
    return Row(*cells)
