"""What differs between the ends of two days: which applications appeared, left or changed, and why their risk moved.

An application *counts* on a day where it was live and had a score: then the departments' figures of that day hold it
too, so that those of the later day are those of the earlier one, plus what appeared, less what left.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import connection
from django.utils.translation import gettext_lazy

from governance.selectors import rollups
from inventory import access
from inventory.choices import Lifecycle
from inventory.models import Department, User
from inventory.selectors.scope import Scope
from risk.choices import OVERALL, Band
from risk.method import MethodError
from risk.models import ScoreSnapshot
from risk.scoring.compare import differences
from risk.selectors.causes import Change, changes, shown_change
from risk.selectors.history import end_of
from risk.selectors.kept import kept
from risk.selectors.replay import judged_again

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ROWS_A_PAGE = 25
CAUSES = 3  # of a row, the largest
# In the order in which rows are told: what matters most of a row decides its place
KINDS: Mapping[str, "StrOrPromise"] = {
    "appeared": gettext_lazy("Appeared: counts now"),
    "left": gettext_lazy("Left: counts no longer"),
    "band": gettext_lazy("Risk band changed"),
    "registered": gettext_lazy("Registered"),
    "lifecycle": gettext_lazy("Stage changed"),
    "department": gettext_lazy("Moved to another department"),
    "owner": gettext_lazy("Owner changed"),
}

# Only what the row history or the scores say moved is looked at: the others are as they were.
_ROWS = """
WITH candidate AS (
    SELECT pgh_obj_id AS id FROM inventory_aiapplicationevent
    WHERE pgh_created_at >= %(then_end)s AND pgh_created_at < %(now_end)s
    UNION SELECT application_id FROM risk_bandchange WHERE day > %(then)s AND day <= %(now)s
    UNION SELECT application_id FROM risk_currentscore s WHERE NOT EXISTS (
        SELECT FROM risk_scoresnapshot f WHERE f.application_id = s.application_id AND f.as_of <= %(then)s)),
side AS (
    SELECT candidate.id, day.n, app.*, score.snapshot, score.point, score.band, score.eu_class,
        COALESCE(app.lifecycle = 'live' AND score.snapshot IS NOT NULL
            AND app.department_id = ANY(%(scope)s), false) AS counts
    FROM candidate
    CROSS JOIN (VALUES (0, %(then)s::date, %(then_end)s::timestamptz), (1, %(now)s, %(now_end)s)) day(n, day, ends)
    LEFT JOIN LATERAL (
        SELECT name, external_id, department_id, lifecycle, owner_id FROM inventory_aiapplicationevent
        WHERE pgh_obj_id = candidate.id AND pgh_created_at < day.ends
        ORDER BY pgh_created_at DESC, pgh_id DESC LIMIT 1) app ON true
    LEFT JOIN LATERAL (
        SELECT id AS snapshot, overall_point AS point, band, eu_class FROM risk_scoresnapshot
        WHERE application_id = candidate.id AND as_of <= day.day ORDER BY as_of DESC, id DESC LIMIT 1) score ON true)
SELECT a.id, COALESCE(b.name, a.name), COALESCE(b.external_id, a.external_id),
    a.department_id, b.department_id, COALESCE(a.lifecycle, ''), COALESCE(b.lifecycle, ''), a.owner_id, b.owner_id,
    a.snapshot, b.snapshot, a.point, b.point, COALESCE(a.band, ''), COALESCE(b.band, ''),
    COALESCE(a.eu_class, ''), COALESCE(b.eu_class, ''), what.kinds
FROM side a JOIN side b ON b.id = a.id AND b.n = 1 AND a.n = 0
CROSS JOIN LATERAL (SELECT array_remove(ARRAY[
    CASE WHEN b.counts AND NOT a.counts THEN 'appeared' END,
    CASE WHEN a.counts AND NOT b.counts THEN 'left' END,
    CASE WHEN a.counts AND b.counts AND a.band <> b.band THEN 'band' END,
    CASE WHEN a.name IS NULL AND b.name IS NOT NULL THEN 'registered' END,
    CASE WHEN a.lifecycle <> b.lifecycle THEN 'lifecycle' END,
    CASE WHEN a.department_id <> b.department_id THEN 'department' END,
    CASE WHEN a.name IS NOT NULL AND a.owner_id IS DISTINCT FROM b.owner_id THEN 'owner' END], NULL) AS kinds) what
WHERE (a.department_id = ANY(%(scope)s) OR b.department_id = ANY(%(scope)s)) AND what.kinds <> '{}'
ORDER BY array_position(%(order)s, what.kinds[1]), abs(COALESCE(b.point, 0) - COALESCE(a.point, 0)) DESC, a.id"""


@dataclass(frozen=True, slots=True)
class Side:
    """An application at the end of one of the two days; empty where it was not registered yet. `department`: None also
    where it lies out of the person's sight."""

    department_id: int | None
    lifecycle: str
    owner_id: int | None
    snapshot: int | None
    point: float | None
    band: str
    eu_class: str
    department: str = ""
    owner: str = ""

    @property
    def stage(self) -> str:
        return str(Lifecycle(self.lifecycle).label) if self.lifecycle else ""


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """An application that differs. `seen`: whether the person may open it today; `causes`: the largest of the
    difference in risk, and how many `more` there are."""

    id: int
    name: str
    external_id: str
    kinds: Sequence[str]
    before: Side
    after: Side
    seen: bool = True
    causes: Sequence[Change] = ()
    more: int = 0

    @property
    def words(self) -> list[str]:
        return [str(KINDS[kind]) for kind in self.kinds]

    @property
    def moved(self) -> float | None:
        """The difference of the risk as shown; None where either day has no number."""
        sides = (self.before, self.after)
        if any(one.point is None or one.eu_class == "prohibited" for one in sides):
            return None
        return shown_change(self.before.point or 0, self.after.point or 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What counted at the end of a day. `index`: of the one department that is the whole, if it is one."""

    day: date
    count: int
    bands: Mapping[str, int]
    index: float | None


def standing(scope: Scope, day: date) -> Standing:
    """The departments' figures of a day, as the overview has them; one query."""
    tops = Department.objects.filter(pk__in=[top.pk for top in scope.tops])
    found = rollups.risks(tops, day, [OVERALL])
    bands = {band: sum(getattr(one, f"{band}_count") for one in found) for band in reversed(Band.values)}
    return Standing(day, sum(one.count for one in found), bands, found[0].index if scope.top and found else None)


def changed(scope: Scope, then: date, now: date) -> list[ChangedRow]:
    """Every application that differs, the gravest kind of change first; kept until the next roll-up."""
    departments = sorted(scope.departments().order_by().values_list("pk", flat=True))
    given = {
        "then": then,
        "now": now,
        "then_end": end_of(then),
        "now_end": end_of(now),
        "scope": departments,
        "order": list(KINDS),
    }
    return kept(("changes", then, now, departments), lambda: _rows(given))


def _rows(given: Mapping[str, Any]) -> list[ChangedRow]:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, given)
        return [_row(*one) for one in cursor.fetchall()]


def _row(pk: int, name: str, external_id: str, *rest: Any) -> ChangedRow:
    *pairs, kinds = rest
    before, after = (Side(*pairs[place::2]) for place in (0, 1))
    return ChangedRow(pk, name, external_id, kinds, before, after)


def counts(rows: Iterable[ChangedRow]) -> dict[str, int]:
    """How many of them changed in each of KINDS; one application may have changed in several."""
    found = Counter(kind for row in rows for kind in row.kinds)
    return {kind: found[kind] for kind in KINDS}


def named(user: User, rows: Sequence[ChangedRow]) -> list[ChangedRow]:
    """The same rows with the names of departments and owners; those out of the person's sight stay unnamed."""
    sides = [side for row in rows for side in (row.before, row.after)]
    wanted = {one.department_id for one in sides if one.department_id}
    departments = dict(access.departments(user).filter(pk__in=wanted).values_list("pk", "name"))
    owners = {one.pk: str(one) for one in User.objects.filter(pk__in={one.owner_id for one in sides if one.owner_id})}
    seen = set(access.applications(user).filter(pk__in=[row.id for row in rows]).values_list("pk", flat=True))

    def side(one: Side) -> Side:
        return replace(
            one, department=departments.get(one.department_id or 0, ""), owner=owners.get(one.owner_id or 0, "")
        )

    return [replace(row, before=side(row.before), after=side(row.after), seen=row.id in seen) for row in rows]


def explained(rows: Sequence[ChangedRow]) -> list[ChangedRow]:
    """The same rows with the causes of the difference in risk, from the two judgements stored; kept, one query."""
    pairs = [(one.before.snapshot, one.after.snapshot) for one in rows if one.moved]
    found = kept(("causes", pairs), lambda: _causes(pairs))
    causes = [found.get((row.before.snapshot, row.after.snapshot), []) if row.moved else [] for row in rows]
    return [
        replace(row, causes=own[:CAUSES], more=max(0, len(own) - CAUSES)) for row, own in zip(rows, causes, strict=True)
    ]


_Pair: TypeAlias = tuple[int | None, int | None]


def _causes(pairs: Sequence[_Pair]) -> dict[_Pair, list[Change]]:
    ids = {pk for pair in pairs for pk in pair if pk}
    stored = {one.pk: one for one in ScoreSnapshot.objects.with_inputs().filter(pk__in=ids)}
    found = {}
    for pair in pairs:
        try:
            (old, before), (new, after) = (judged_again(stored[pk or 0]) for pk in pair)
        except (KeyError, MethodError):  # thinned meanwhile, or its method is gone: the comparison's page says so
            continue
        total = shown_change(old.score.point, new.score.point)
        worded = changes(differences(old, new, before, after), new, after, total)
        found[pair] = [one for one in worded if one.amount]
    return found
