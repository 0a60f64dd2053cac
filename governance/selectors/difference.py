"""Which applications differ between the ends of two days, and how, as SQL: by register and judgement of each day."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy

from governance.selectors.among import Among
from risk.selectors import applications_then
from risk.selectors.history import end_of
from risk.selectors.keys import array

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Found: TypeAlias = tuple[int, int]  # an application, and its kinds of change as bits in the order of KINDS


class Places(NamedTuple):
    """The departments that are looked at (None: all), and those that the person sees, as a query of their keys with its
    parameters (empty: all)."""

    here: Sequence[int] | None
    seen: str
    given: Mapping[str, Any]


# In the order in which rows are told: what matters most of a row decides its place
KINDS: Mapping[str, "StrOrPromise"] = {
    "appeared": gettext_lazy("Appeared: counts now"),
    "left": gettext_lazy("Left: counts no longer"),
    "band": gettext_lazy("Risk band changed"),
    "class": gettext_lazy("EU AI Act class changed"),
    "registered": gettext_lazy("Registered"),
    "lifecycle": gettext_lazy("Stage changed"),
    "department": gettext_lazy("Moved to another department"),
    "owner": gettext_lazy("Owner changed"),
}
_TESTS = {
    "appeared": "b.counts AND NOT COALESCE(a.counts, false)",
    "left": "COALESCE(a.counts, false) AND NOT b.counts",
    "band": "a.stands AND b.stands AND a.band <> b.band",
    "class": "a.stands AND b.stands AND a.eu_class IS DISTINCT FROM b.eu_class",
    "registered": "a.id IS NULL",
    "lifecycle": "a.told AND b.told AND a.lifecycle <> b.lifecycle",
    "department": "a.department_id <> b.department_id",
    "owner": "a.told AND b.told AND a.owner_id IS DISTINCT FROM b.owner_id",
}
_KINDS = " | ".join(f"CASE WHEN {_TESTS[kind]} THEN {1 << place} ELSE 0 END" for place, kind in enumerate(KINDS))

# An application stands where it is live and has a score, in a department that is looked at; it counts where it is one
# of those that the page is narrowed to besides. What is told of a day lay then where the person sees, or lies there
# today: what became of an application elsewhere is not theirs to know.
_SIDE = """
SELECT app.id, app.name, app.external_id, app.department_id, app.lifecycle, app.owner_id, app.kind,
    score.id AS snapshot, score.overall_point AS point, score.band, score.eu_class, COALESCE({fits}, false) AS fits,
    {here} AS inside, {told} AS told, placed.stands,
    placed.stands AND COALESCE({fits}, false) AS counts
{source} CROSS JOIN LATERAL (SELECT COALESCE(app.lifecycle = 'live' AND score.id IS NOT NULL
    AND {here}, false) AS stands) placed"""

# Only what the row history or the scores say moved is looked at: the others are as they were
_MOVED = """
    SELECT pgh_obj_id AS id FROM inventory_aiapplicationevent
    WHERE pgh_created_at >= %(then_end)s AND pgh_created_at < %(now_end)s
    UNION SELECT application_id FROM risk_bandchange WHERE day > %(then)s AND day <= %(now)s
    UNION SELECT application_id FROM risk_notcomputable WHERE since < %(now_end)s
    UNION SELECT application_id FROM risk_notcomputablespell WHERE since < %(now_end)s AND until >= %(then_end)s
    UNION SELECT application_id FROM risk_currentscore s WHERE NOT EXISTS (
        SELECT FROM risk_scoresnapshot f WHERE f.application_id = s.application_id AND f.as_of <= %(then)s)
    UNION SELECT a.application_id FROM ({class_then}) a JOIN ({class_now}) b USING (application_id)
    WHERE a.eu_class IS DISTINCT FROM b.eu_class"""
# No row tells of a class that changed: it is read of both days along an index, which is quicker than a descent each
# while there are few judgements an application
_CLASS = """
SELECT DISTINCT ON (application_id) application_id, eu_class FROM risk_scoresnapshot
WHERE as_of <= %({day})s{among} ORDER BY application_id, as_of DESC, id DESC"""
_CLASS_EACH = """
SELECT newest.application_id, newest.eu_class FROM inventory_aiapplication one CROSS JOIN LATERAL (
    SELECT application_id, eu_class FROM risk_scoresnapshot WHERE application_id = one.id AND as_of <= %({day})s{among}
    ORDER BY as_of DESC, id DESC LIMIT 1) newest"""
# That of this moment stands in the present scores, in an index a tenth as large
_CLASS_TODAY = "SELECT application_id, eu_class FROM risk_currentscore WHERE true{among}"
# Of those looked at alone: in these departments today, or moved since
_THESE = """ AND application_id IN (
    SELECT id FROM inventory_aiapplication WHERE department_id = ANY(%(scope)s)
    UNION SELECT pgh_obj_id FROM inventory_aiapplicationevent WHERE pgh_created_at >= %(then_end)s)"""
_FOUND = """
WITH a AS MATERIALIZED ({before}), b AS MATERIALIZED ({after}), changed AS (
    SELECT b.id, {kinds} AS kinds,
        abs(COALESCE(CASE WHEN b.told THEN b.point END, 0) - COALESCE(CASE WHEN a.told THEN a.point END, 0)) AS moved
    FROM b LEFT JOIN a ON a.id = b.id
    WHERE (a.inside OR b.inside) AND (a.told AND a.fits OR b.told AND b.fits))
SELECT id, kinds FROM changed WHERE kinds > 0 ORDER BY kinds & -kinds, moved DESC, id"""
FEW = 10_000  # up to so many applications are looked up one by one; of more, the whole register is read along
_EACH = applications_then.REGISTER + applications_then.JUDGED
_ALONG = f"""{applications_then.REGISTER}{applications_then.UNJUDGED}
LEFT JOIN (
    SELECT DISTINCT ON (application_id) application_id, id, overall_point, band, eu_class FROM risk_scoresnapshot
    WHERE as_of <= %(day)s ORDER BY application_id, as_of DESC, id DESC
) score ON score.application_id = app.id AND unjudged.application_id IS NULL"""  # noqa: S608
FEW_JUDGEMENTS = 8  # an application, on average: of more, each is looked up
_DEEP = """
SELECT judged.reltuples > %s * registered.reltuples FROM pg_class judged, pg_class registered
WHERE judged.oid = 'risk_scoresnapshot'::regclass AND registered.oid = 'inventory_aiapplication'::regclass"""
_TEXTS = ("lifecycle", "band", "eu_class", "kind")


def _both_of(name: str) -> str:
    """A column of both sides, where it is told."""
    told = (f"CASE WHEN {side}.told THEN {side}.{name} END" for side in "ab")
    return ", ".join(f"COALESCE({one}, '')" if name in _TEXTS else one for one in told)


_SIDES = f"""
WITH a AS MATERIALIZED ({{before}}), b AS MATERIALIZED ({{after}})
SELECT b.id, CASE WHEN b.told THEN b.name ELSE a.name END, b.external_id, a.department_id, b.department_id,
    {", ".join(_both_of(one) for one in ("lifecycle", "owner_id", "snapshot", "point", "band", "eu_class", "kind"))}
FROM b LEFT JOIN a ON a.id = b.id"""  # noqa: S608 - constants of our own


def kinds_of(bits: int) -> list[str]:
    """The kinds of change of an application, as KINDS has them in their order."""
    return [kind for place, kind in enumerate(KINDS) if bits >> place & 1]


def found(places: Places, then: date, now: date, among: Among) -> list[Found]:
    """Every application that differs, the gravest kind of change first, within it what moved most."""
    given, fits = _given(places, then, now), "true"
    these = "" if places.here is None else _THESE
    deep = _deep()
    on_a_day = _CLASS_EACH if deep else _CLASS
    last = _CLASS_TODAY if now >= timezone.localdate() else on_a_day
    classes = {"class_then": on_a_day.format(day="then", among=these), "class_now": last.format(day="now", among=these)}
    ids = {pk for (pk,) in _asked(_MOVED.format(**classes), given)}
    if among:
        one, other = (set(applications_then.left(among.wanted, day)) for day in (then, now))
        # What was one of those on one day alone differs, whatever else moved: its class may, while its band stays
        ids = (ids & (one | other)) | (one ^ other)
        fits, given = (
            "app.id = ANY(%(fits_day)s::bigint[])",
            given | {"fits_then": array(one), "fits_now": array(other)},
        )
    if not ids:
        return []
    before, after = _both(_side(len(ids), fits, places, deep))
    return _asked(_FOUND.format(before=before, after=after, kinds=_KINDS), given | {"ids": array(ids)})


def _deep() -> bool:
    """Whether there are many judgements an application, as far as the database has counted them."""
    ((deep,),) = _asked(_DEEP, [FEW_JUDGEMENTS])
    return deep


def _side(candidates: int, fits: str, places: Places, deep: bool = False) -> str:
    """The query of a side, of so many applications (`ids`)."""
    few = candidates <= FEW
    every = _EACH if deep else _ALONG
    source = applications_then.FROM.removesuffix("WHERE ") if few else every
    id_ = "a.id" if few else "app.id"
    side = _SIDE.format(fits=fits, here=_here(places), told=_told(places), source=source)
    return f"{side} WHERE {id_} = ANY(%(ids)s::bigint[])"


def sides(places: Places, then: date, now: date, ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """Name, number and both sides of a few applications, by id; empty what is not told of a side."""
    before, after = _both(_side(len(ids), "true", places))
    given = {**_given(places, then, now), "ids": array(ids)}
    return {row[0]: row[1:] for row in _asked(_SIDES.format(before=before, after=after), given)}


def _here(places: Places) -> str:
    return "true" if places.here is None else "app.department_id = ANY(%(scope)s)"


def _told(places: Places) -> str:
    if not places.seen:
        return "true"
    today = f"SELECT id FROM inventory_aiapplication WHERE department_id IN ({places.seen})"  # noqa: S608 - our own
    return f"(app.department_id IN ({places.seen}) OR app.id IN ({today}))"


def _both(side: str) -> tuple[str, str]:
    """The query of a side, for each of the two days."""

    def on(day: str) -> str:
        names = {"%(day)s": f"%({day})s", "%(end)s": f"%({day}_end)s", "%(fits_day)s": f"%(fits_{day})s"}
        text = side
        for name, its in names.items():
            text = text.replace(name, its)
        return text

    return on("then"), on("now")


def _given(places: Places, then: date, now: date) -> dict[str, Any]:
    ends = {"then_end": end_of(then), "now_end": end_of(now)}
    return {"then": then, "now": now, **ends, "scope": list(places.here or ()), **places.given}


def _asked(sql: str, given: Mapping[str, Any] | Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall()
