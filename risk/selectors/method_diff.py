"""Two methods on one estate, in a dry run: who moves, where, and why. Nothing is stored."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from heapq import nlargest
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from inventory.models import AIApplication, Department
from risk.choices import EUClass
from risk.models import CurrentScore
from risk.scoring.bulk import judge_many
from risk.scoring.codebook import codebook
from risk.scoring.explain import explain, label_of
from risk.scoring.fitness import NotComputableError, judge_fit
from risk.scoring.method import Method
from risk.scoring.portfolio import score_department
from risk.selectors import cases, chunks

CHUNK = 500
MOST = 20  # movers, departments and misfits that are named
PARTS = 4  # parts of a mover's score that are named
SHOWN = 0.1  # a move below this is not seen

Part: TypeAlias = tuple[str, float, float]  # a part of a score, its points before and after


@dataclass(frozen=True, slots=True)
class Mover:
    """An application whose score moves, with the parts that move it most: label, points before and after.

    Where it is a prohibited practice it has no number (None), and the gate stands in the place of its band.
    """

    id: int
    external_id: str
    name: str
    department: str
    before: float | None
    after: float | None
    band_before: str
    band_after: str
    parts: Sequence[Part] = ()


@dataclass(frozen=True, slots=True)
class DepartmentMove:
    """The index of a department with everything below it under both methods."""

    key: str
    name: str
    before: float
    after: float
    band_before: str
    band_after: str


@dataclass(slots=True)
class Difference:
    """The estate under two methods. `bands`: (from, to, how many) of those whose band moves; `misfits`: what the new
    method can't judge, with the reason, at most MOST of `not_computable`."""

    before: str
    after: str
    applications: int = 0
    changed: int = 0
    not_computable: int = 0
    bands: list[tuple[str, str, int]] = field(default_factory=list)
    movers: list[Mover] = field(default_factory=list)
    departments: list[DepartmentMove] = field(default_factory=list)
    misfits: list[tuple[str, str]] = field(default_factory=list)

    @property
    def band_changes(self) -> int:
        """How many move to another band."""
        return sum(count for _, _, count in self.bands)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "band_changes": self.band_changes}


class _Point(NamedTuple):
    """The overall point of an application, its weight in departments, and its band or the gate."""

    value: float
    exposure: float
    band: str

    @property
    def shown(self) -> float | None:
        """The number; none at the gate."""
        return None if self.band == EUClass.PROHIBITED else self.value


@dataclass(slots=True)
class _Totals:
    """What is gathered while the chunks go by: point by application, and risk with exposure by department."""

    bands: Counter[tuple[str, str]] = field(default_factory=Counter)
    points: dict[int, tuple["_Point", "_Point"]] = field(default_factory=dict)
    old: dict[int, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    new: dict[int, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))


def difference(old: Method, new: Method, day: date, progress: Callable[[int], None] | None = None) -> Difference:
    """Judge every application that has a score under both methods, as of a day, from what is stated now."""
    found, totals, branches = Difference(old.version, new.version), _Totals(), cases.tree()
    ids = list(CurrentScore.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        _add(part, (old, new), day, found, totals, branches)
        if progress:
            progress(len(part))
    found.bands = sorted((before, after, count) for (before, after), count in totals.bands.items())
    found.movers = _movers(totals.points, old, new, day)
    found.departments = _departments(totals, old, new)
    return found


def _add(
    ids: Sequence[int],
    methods: tuple[Method, Method],
    day: date,
    found: Difference,
    totals: _Totals,
    branches: cases.Tree,
) -> None:
    registered = chunks.registered(ids)
    places = {pk: department for pk, (department, _) in registered.items()}
    judged = [_points(places, method, day) for method in methods]
    for pk, (_, counted_in) in registered.items():
        if pk not in judged[0][0]:
            continue  # can't be judged now either
        found.applications += 1
        if pk not in judged[1][0]:
            found.not_computable += 1
            if len(found.misfits) < MOST:
                found.misfits.append((str(pk), judged[1][1][pk]))
            continue
        before, after = judged[0][0][pk], judged[1][0][pk]
        if round(before.value, 1) != round(after.value, 1):
            found.changed += 1
            totals.points[pk] = (before, after)
        if before.band != after.band:
            totals.bands[before.band, after.band] += 1
        for above in branches.path(counted_in) if counted_in else ():
            totals.old[above].append(before[:2])
            totals.new[above].append(after[:2])


def _points(places: Mapping[int, int], method: Method, day: date) -> tuple[dict[int, _Point], dict[int, str]]:
    """The point of each application, and the reason by application that can't be judged."""
    ids = list(places)
    encoded = chunks.read(places, day, method)
    faults = codebook(method).faults(encoded)
    wrong = {ids[row]: " ".join(dict(fault).values()) for row, fault in faults.items()}
    kept = [row for row in range(len(ids)) if row not in faults]
    if not kept:
        return {}, wrong
    applications = [ids[row] for row in kept]
    before = chunks.before(applications, chunks.stored(applications), method)
    verdicts = judge_many(encoded.part(kept), day, method, before)
    columns = (verdicts.overall_point, np.asarray(verdicts.exposure, float), verdicts.prohibited)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    found = [_Point(value, weight, EUClass.PROHIBITED if gate else method.band(value)) for value, weight, gate in rows]
    return dict(zip(applications, found, strict=True)), wrong


def _movers(points: Mapping[int, tuple[_Point, _Point]], old: Method, new: Method, day: date) -> list[Mover]:
    largest = nlargest(MOST, points, key=lambda pk: (abs(points[pk][1].value - points[pk][0].value), -pk))
    named = AIApplication.objects.select_related("department", "score").in_bulk(largest)
    stated = cases.load(largest, day) if largest else {}
    found = []
    for pk in largest:
        application, (before, after) = named[pk], points[pk]
        found.append(
            Mover(
                id=pk,
                external_id=application.external_id,
                name=application.name,
                department=application.department.name,
                before=before.shown,
                after=after.shown,
                band_before=before.band,
                band_after=after.band,
                parts=[] if None in (before.shown, after.shown) else _parts(application, stated[pk], old, new, day),
            )
        )
    return found


def _parts(
    application: AIApplication, case: Any, old: Method, new: Method, day: date
) -> list[tuple[str, float, float]]:
    """The parts of the overall risk that differ most between the methods."""
    sides = []
    for method in (old, new):
        try:
            judgement = judge_fit(case, day, method, cases.previous(application.score, method))
        except NotComputableError:
            return []
        sides.append({(bar.kind, bar.key): bar.value for bar in explain(judgement.inputs, method).contributions})
    before, after = sides
    moved = {item: (before.get(item, 0.0), after.get(item, 0.0)) for item in {**before, **after}}
    largest = nlargest(PARTS, moved, key=lambda item: (abs(moved[item][1] - moved[item][0]), item))
    return [
        (label_of(item, new), *moved[item]) for item in largest if abs(moved[item][1] - moved[item][0]) >= SHOWN / 2
    ]


def _departments(totals: _Totals, old: Method, new: Method) -> list[DepartmentMove]:
    found = []
    for department in Department.objects.filter(pk__in=list(totals.old)):
        before = score_department(totals.old[department.pk], old)
        after = score_department(totals.new[department.pk], new)
        if before is not None and after is not None and abs(after.index - before.index) >= SHOWN / 2:
            found.append(
                DepartmentMove(department.key, department.name, before.index, after.index, before.band, after.band)
            )
    return nlargest(MOST, found, key=lambda one: (abs(one.after - one.before), one.name))
