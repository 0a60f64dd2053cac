"""The departments page: the tree that a person sees, with the figures of each department."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.paginator import Page, Paginator

from governance.selectors import rollups
from governance.selectors.among import ALL, Among
from governance.selectors.chosen_departments import risks
from governance.selectors.rollups import Risk, ids_of
from inventory.models import Department
from inventory.selectors.scope import Scope
from risk.choices import OVERALL
from risk.selectors.history import CHANGE_DAYS
from risk.selectors.kept import kept

DEEPEST = 6
ROWS_A_PAGE = 25
# What the tree can be ordered by; siblings are ordered, a child always stands below its parent.
SORTS = ("name", "index", "worst", "tail", "mean", "count", "change")
COMPARED = ("index", "worst", "tail", "mean", "count", "band")


@dataclass(frozen=True)
class TreeRow:
    """A department in the tree. `risk` is None where no live application is below it; `change` is that of the index
    over CHANGE_DAYS, None where there was no figure then."""

    department: Department
    depth: int
    risk: Risk | None
    change: float | None

    @property
    def indent(self) -> int:
        """The depth, as far as a page can show it."""
        return min(self.depth, DEEPEST)


@dataclass(frozen=True, slots=True)
class Place:
    """What puts a department where it stands: of all are read only these. `figures`: those of COMPARED, and the change,
    as far as the order asks for them."""

    pk: int
    key: str
    name: str
    parent: int | None
    figures: Mapping[str, Any]


def tree(
    scope: Scope,
    day: date,
    *,
    q: str = "",
    bands: Sequence[str] = (),
    sort: str = "-index",
    page: int = 1,
    among: Among = ALL,
) -> Page:
    """A page of TreeRow: the departments looked at, parents before children. Searching or choosing bands leaves only
    those that fit, without indentation. `among`: the figures are those of some applications alone, as they stand or
    stood, and departments without any of them are left out. The order of all, but for searches by words, is kept until
    anything changes."""
    if among:
        chosen = {risk.department_id: risk for risk in risks(scope, among)}
        ordered = _ordered_tree(_places_of(scope, chosen), q, bands, sort)
    else:
        chosen = None
        key = ("tree of departments", ids_of(scope.departments()), day, bands, sort)
        by = sort.removeprefix("-")

        def order() -> list[tuple[int, int]]:
            return _ordered_tree(_places(scope, day, by, bool(bands)), q, bands, sort)

        ordered = order() if q else kept(key, order)  # words typed are many, and seldom asked again
    found: Page = Paginator(ordered, ROWS_A_PAGE).get_page(page)
    found.object_list = _rows(list(found.object_list), day, chosen)
    return found


def _ordered_tree(places: Mapping[int, Place], q: str, bands: Sequence[str], sort: str) -> list[tuple[int, int]]:
    """(id, depth) of each, in the order in which they are shown."""
    if q or bands:
        fitting = [place for place in places.values() if _fits(place, q.casefold(), bands)]
        return [(place.pk, 0) for place in _ordered(fitting, sort)]
    below: dict[int | None, list[Place]] = {}
    for place in places.values():
        below.setdefault(place.parent if place.parent in places else None, []).append(place)
    return _walked(below, sort)


def _places_of(scope: Scope, chosen: Mapping[int, Risk]) -> dict[int, Place]:
    """Those that have figures, by id. What they were before isn't known."""
    named = scope.departments().order_by("name", "pk").values_list("pk", "key", "name", "parent_id")
    figures = {pk: {name: getattr(risk, name) for name in COMPARED} for pk, risk in chosen.items()}
    return {pk: Place(pk, key, name, parent, figures[pk]) for pk, key, name, parent in named if pk in figures}


def _places(scope: Scope, day: date, by: str, banded: bool) -> dict[int, Place]:
    """Each department by its id; figures only where the order or the bands need them."""
    seen = scope.departments()
    asked = [*({"change": "index"}.get(one, one) for one in (by,) if one in SORTS[1:]), *(("band",) if banded else ())]
    now = rollups.overall(seen, day, asked) if asked else {}
    if by == "change":
        then = rollups.overall(seen, day - timedelta(days=CHANGE_DAYS), ("index",))
        for pk in now.keys() & then.keys():
            now[pk]["change"] = now[pk]["index"] - then[pk]["index"]
    named = seen.order_by("name", "pk").values_list("pk", "key", "name", "parent_id")
    return {pk: Place(pk, key, name, parent, now.get(pk, {})) for pk, key, name, parent in named}


def _rows(places: Sequence[tuple[int, int]], day: date, chosen: Mapping[int, Risk] | None) -> list[TreeRow]:
    """These of a page, (id, depth), with all that it shows of them."""
    shown, before = Department.objects.filter(pk__in=[pk for pk, _ in places]), day - timedelta(days=CHANGE_DAYS)
    now, then = chosen or {}, {}
    if chosen is None:
        found = rollups.risks_on(shown, [(day, OVERALL), (before, OVERALL)])
        now, then = ({risk.department_id: risk for risk in found.get(on, ())} for on in (day, before))
    departments = shown.select_related("head").in_bulk()
    return [_row(departments[pk], depth, now.get(pk), then.get(pk)) for pk, depth in places if pk in departments]


def _row(department: Department, depth: int, now: Risk | None, then: Risk | None) -> TreeRow:
    return TreeRow(department, depth, now, now.index - then.index if now and then else None)


def _fits(place: Place, q: str, bands: Sequence[str]) -> bool:
    named = q in place.name.casefold() or q in place.key.casefold()
    return named and (not bands or place.figures.get("band") in bands)


def _ordered(places: list[Place], sort: str) -> list[Place]:
    """By name, or by a figure with those that have none at the end; equal ones by name."""
    key, down = sort.removeprefix("-"), sort.startswith("-")
    places = sorted(places, key=lambda place: place.name.casefold(), reverse=key == "name" and down)
    if key not in SORTS or key == "name":
        return places

    def figure(place: Place) -> tuple[bool, float]:
        value = place.figures.get(key)
        return (value is None, 0.0 if value is None else -value if down else value)

    return sorted(places, key=figure)


def _walked(below: dict[int | None, list[Place]], sort: str) -> list[tuple[int, int]]:
    """(id, depth) of each, parents before children."""
    found: list[tuple[int, int]] = []
    waiting = [(place, 0) for place in reversed(_ordered(below.get(None, []), sort))]
    while waiting:
        place, depth = waiting.pop()
        found.append((place.pk, depth))
        if place.pk in below:
            waiting += [(child, depth + 1) for child in reversed(_ordered(below[place.pk], sort))]
    return found
