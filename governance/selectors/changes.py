"""What differs between the ends of two days: which applications appeared, left or changed, and why their risk moved.

An application *counts* on a day where it was live and had a score: then the departments' figures of that day hold it
too, so that those of the later day are those of the earlier one, plus what appeared, less what left. Where a page is
narrowed, what counts is narrowed likewise, by what held on each day.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeAlias

from django.utils.translation import gettext as _

from governance.selectors import difference, rollups
from governance.selectors.among import ALL, Among, live_then
from governance.selectors.difference import KINDS, Found, Places, kinds_of
from inventory import access
from inventory.choices import ApplicationKind, Lifecycle
from inventory.models import Department, User
from inventory.selectors.scope import Scope
from risk.choices import OVERALL, Band, EUClass
from risk.method import MethodError
from risk.models import ScoreSnapshot
from risk.scoring.compare import differences
from risk.scoring.explain import SHOWN_DECIMALS
from risk.selectors import applications_then
from risk.selectors.causes import Change, changes, shown_change
from risk.selectors.kept import kept
from risk.selectors.replay import judged_again

ROWS_A_PAGE = 10  # each with the causes of its difference, which take some fifty judgements
CAUSES = 3  # of a row, the largest


@dataclass(frozen=True, slots=True)
class Side:
    """An application at the end of one of the two days; empty where it was not registered yet, and where it lay out of
    the person's sight then and does today. `department` is empty wherever that is out of sight."""

    department_id: int | None
    lifecycle: str
    owner_id: int | None
    snapshot: int | None
    point: float | None
    band: str
    eu_class: str
    kind: str
    department: str = ""
    owner: str = ""

    @property
    def stage(self) -> str:
        return str(Lifecycle(self.lifecycle).label) if self.lifecycle else ""


def _class(word: str) -> str:
    return str(EUClass(word).label) if word else _("not decided")


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """An application that differs. `seen`: whether the person may open it today; `causes`: the largest of the
    difference in risk, how many `more` there are, and what these make together: the `rest` of the difference."""

    id: int
    name: str
    external_id: str
    kinds: Sequence[str]
    before: Side
    after: Side
    seen: bool = True
    causes: Sequence[Change] = ()
    more: int = 0
    rest: float = 0.0

    @property
    def words(self) -> list[str]:
        return [str(KINDS[kind]) for kind in self.kinds]

    @property
    def classes(self) -> str:
        """From which class to which, in words."""
        values = {"old": _class(self.before.eu_class), "new": _class(self.after.eu_class)}
        return _("EU AI Act class: %(old)s → %(new)s") % values

    @property
    def because(self) -> list[str]:
        """What else is behind coming or going, where neither stage nor department nor registration tells it."""
        if not {"appeared", "left"} & set(self.kinds):
            return []
        old, new, found = self.before, self.after, []
        if new.snapshot and not old.snapshot and old.lifecycle == Lifecycle.LIVE:
            found.append(_("Had no score then"))
        if old.snapshot and not new.snapshot and new.lifecycle == Lifecycle.LIVE:
            found.append(_("Has no score now: not computable"))
        if old.snapshot and new.snapshot and old.eu_class != new.eu_class and "class" not in self.kinds:
            found.append(self.classes)
        if old.kind and new.kind and old.kind != new.kind:
            kinds = {"old": ApplicationKind(old.kind).label, "new": ApplicationKind(new.kind).label}
            found.append(_("Kind: %(old)s → %(new)s") % kinds)
        return found

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


def standing(scope: Scope, day: date, among: Among = ALL) -> Standing:
    """The departments' figures of a day, as the overview has them; one query. Those of some applications alone are
    counted, and have no index."""
    if among:
        found = applications_then.bands(scope.user, live_then(scope, among), day)
        bands = {band: found.get(band, 0) for band in reversed(Band.values)}
        return Standing(day, sum(bands.values()), bands, None)
    tops = Department.objects.filter(pk__in=[top.pk for top in scope.tops])
    risks = rollups.risks(tops, day, [OVERALL])
    bands = {band: sum(getattr(one, f"{band}_count") for one in risks) for band in reversed(Band.values)}
    return Standing(day, sum(one.count for one in risks), bands, risks[0].index if scope.top and risks else None)


def changed(scope: Scope, then: date, now: date, among: Among = ALL) -> list[Found]:
    """Every application that differs, the gravest kind of change first; kept until the next roll-up."""
    places = _places(scope)
    key = ("changed", then, now, places, among.key)
    return kept(key, lambda: difference.found(places, then, now, among))


def _places(scope: Scope) -> Places:
    here, seen, given = None, "", dict[str, Any]()
    if not scope.everything:
        here = sorted(scope.departments().order_by().values_list("pk", flat=True))
    if not access.sees_everything(scope.user):
        seen = applications_then.named_keys(access.departments(scope.user), "seen", given)
    return Places(here, seen, given)


def of_kind(found: Iterable[Found], kind: str) -> list[Found]:
    """Those that changed in this one of KINDS; all for none."""
    return [one for one in found if not kind or kind in kinds_of(one[1])]


def rows(scope: Scope, then: date, now: date, found: Sequence[Found]) -> list[ChangedRow]:
    """These applications at the end of both days; one query, of few."""
    sides = difference.sides(_places(scope), then, now, [pk for pk, __ in found])
    told = [(sides[pk], pk, kinds_of(kinds)) for pk, kinds in found if pk in sides]
    return [_row(pk, kinds, *values) for values, pk, kinds in told]


def _row(pk: int, kinds: Sequence[str], name: str, external_id: str, *rest: Any) -> ChangedRow:
    before, after = (Side(*rest[place::2]) for place in (0, 1))
    return ChangedRow(pk, name, external_id, kinds, before, after)


def counts(found: Iterable[Found]) -> dict[str, int]:
    """How many of them changed in each of KINDS; one application may have changed in several."""
    number = Counter(kinds for __, kinds in found)
    told = Counter[str]()
    for kinds, n in number.items():
        told.update(dict.fromkeys(kinds_of(kinds), n))
    return {kind: told[kind] for kind in KINDS}


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
    found = kept(("moved by", pairs), lambda: _causes(pairs))
    causes = [found.get((row.before.snapshot, row.after.snapshot), []) if row.moved else [] for row in rows]
    return [_with_causes(row, own) for row, own in zip(rows, causes, strict=True)]


def _with_causes(row: ChangedRow, own: Sequence[Change]) -> ChangedRow:
    rest = sum(one.amount for one in own[CAUSES:])
    return replace(row, causes=own[:CAUSES], more=len(own[CAUSES:]), rest=round(rest, SHOWN_DECIMALS))


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
