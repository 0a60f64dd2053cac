"""Pairs of a live application and a requirement: which there are in a state, and what is behind each.

The state is the stored one, which roll-ups and charts add up, so that a list is as long as its bar is high. What stands
beside it (controls, fulfilment, dates) is worked out anew for the applications of one page or block.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, islice
from typing import Any

import numpy as np
from django.db.models import CharField, Count, F, Func, QuerySet, Sum, Value
from django.db.models.functions import Length, Substr
from django.utils import timezone

from inventory import access
from inventory.models import AIApplication, Department, User
from risk.method import load_method
from risk.models import ApplicationCoverage, CurrentScore
from risk.scoring.coverage import RequirementState
from risk.scoring.judgement import judge
from risk.scoring.method import Control, Framework, Method, Requirement
from risk.scoring.tally import ABSENT, LETTERS, STATES, coverage_of, overdue
from risk.scoring.vocabulary import State
from risk.selectors import cases
from risk.selectors.kept import kept_rows


@dataclass(frozen=True)
class Pair:
    """A requirement as it stands for a live application. `low`, `high`: fulfilment from 0 to 1 with what is unknown as
    0 and as 1. `missing`: the controls that keep it from being met. `due`: the day by which something was promised or
    has to be reviewed, or from which the duty binds. `days_left`: until the duty binds, where that lies ahead."""

    framework: Framework
    requirement: Requirement
    application_id: int
    application: str
    department: str
    state: State
    low: float | None
    high: float | None
    controls: tuple[Control, ...]
    missing: tuple[Control, ...]
    due: date | None
    overdue: bool
    obligation_from: date | None
    days_left: int | None

    @property
    def framework_name(self) -> str:
        return short_name(self.framework)


def short_name(framework: Framework) -> str:
    """A name that fits an axis or a column, from the framework's id: `nist_ai_600_1` is NIST AI 600-1."""
    words = framework.id.replace("_", " ").upper()
    return re.sub(r"(\d) (\d+)$", r"\1-\2", words).replace(" ACT", " Act")


@dataclass(frozen=True)
class Asked:
    """Which pairs: of these frameworks, in these states, or, with `late`, those that are not met though a day for them
    has passed. `requirements` names some of the only framework, for which `late` is not offered."""

    frameworks: tuple[str, ...]
    states: tuple[State, ...] = tuple(State)
    requirements: tuple[str, ...] = ()
    late: bool = False
    applications: QuerySet[AIApplication, Any] | None = None  # their ids; None: all

    def of(self, framework: str, requirement: str, state: State, is_late: bool) -> bool:
        """Whether a pair is asked for."""
        if self.late:
            return is_late
        return (not self.requirements or requirement in self.requirements) and state in self.states


def coverage_rows(user: User | None, department: Department | None) -> QuerySet[ApplicationCoverage]:
    """The coverage of live applications that a person sees, below a department."""
    found = ApplicationCoverage.objects.filter(application__score__counted_in__isnull=False)
    if department is not None and department.parent_id:
        found = found.filter(application__score__counted_in__in=_below(department))
    return _seen(found, user)


def counted_rows(user: User | None, department: Department | None) -> QuerySet[ApplicationCoverage]:
    """The same without a join to the register, for what is only counted: both sides are then read off indexes."""
    live = CurrentScore.objects.filter(counted_in__isnull=False)
    if department is not None and department.parent_id:
        live = live.filter(counted_in__in=_below(department))
    return _seen(ApplicationCoverage.objects.filter(application__in=live.values("application")), user)


def _among(
    found: QuerySet[ApplicationCoverage], applications: QuerySet[AIApplication, Any] | None
) -> QuerySet[ApplicationCoverage]:
    return found if applications is None else found.filter(application__in=applications)


def _below(department: Department) -> QuerySet[Any]:
    return Department.objects.subtree_of(department).order_by().values("pk")


def _seen(found: QuerySet[ApplicationCoverage], user: User | None) -> QuerySet[ApplicationCoverage]:
    if access.sees_everything(user):
        return found
    return found.filter(application__department__in=access.departments(user).order_by().values("pk"))


def narrowed(rows: QuerySet[ApplicationCoverage], asked: Asked) -> QuerySet[Any]:
    """The rows that hold at least one of the pairs asked for, each with their number as `pairs`."""
    rows = _among(rows.filter(framework__in=asked.frameworks), asked.applications)
    places = _places(asked)
    if len(places) == 1:
        rows = rows.annotate(letter=Substr("states", places[0], 1, output_field=CharField()), pairs=Value(1))
        return rows.filter(letter__in=[LETTERS[state] for state in asked.states])
    pairs = F("overdue") if asked.late else sum((F(state.value) for state in asked.states), Value(0))
    rows = rows.alias(held=pairs).filter(held__gt=0)
    if not places:
        return rows.annotate(pairs=pairs)
    return rows.annotate(pairs=_held_at(places, asked)).filter(pairs__gt=0)


def _places(asked: Asked) -> list[int]:
    """Where the requirements named stand among the letters of a row, from 1; none where all are asked for."""
    order = list(load_method().frameworks[asked.frameworks[0]].requirements) if asked.requirements else []
    return sorted(order.index(one) + 1 for one in set(asked.requirements))


def _held_at(places: Sequence[int], asked: Asked) -> Any:
    """How many letters at these places are of the states asked for: what taking them out of each run leaves shorter."""
    letters = "".join(LETTERS[state] for state in asked.states)
    found: Any = Value(0)
    for _, run in groupby(enumerate(places), lambda one: one[1] - one[0]):
        first, *more = [place for _, place in run]
        part = Substr("states", first, 1 + len(more), output_field=CharField())
        others = Func(part, Value(letters), Value(""), function="translate", output_field=CharField())
        found = found + Length(part) - Length(others)
    return found


def count(user: User | None, department: Department | None, asked: Asked) -> int:
    """How many pairs there are: what charts and tiles show as one number."""
    return narrowed(counted_rows(user, department), asked).aggregate(n=Sum("pairs"))["n"] or 0


def pairs(user: User | None, department: Department | None, asked: Asked, start: int, most: int) -> list[Pair]:
    """The pairs from place `start` on, at most `most`; those of the riskiest applications first.

    Each row of coverage holds at least one pair, so the first `start + most` rows are enough, and of these only the
    applications of this page are looked into.
    """
    rows = narrowed(coverage_rows(user, department), asked).order_by(
        "-application__score__overall_point", "-application_id", "framework"
    )
    chosen: list[tuple[int, str, str]] = []
    skipped = passed = 0
    for application, framework, states, held in rows.values_list("application_id", "framework", "states", "pairs")[
        : start + most
    ]:
        if passed + held <= start:
            skipped += held
        elif passed < start + most:
            chosen.append((application, framework, states))
        passed += held
    return list(islice(expanded(chosen, asked), start - skipped, start - skipped + most))


class Pairs(Sequence[Pair]):
    """The pairs asked for as a sequence that a paginator can cut: it reads only a page. It counts them, unless their
    number is known: roll-ups say it without reading each application, and follow its score within moments."""

    def __init__(
        self, user: User | None, department: Department | None, asked: Asked, known: int | None = None
    ) -> None:
        self.user, self.department, self.asked, self.known = user, department, asked, known

    def __len__(self) -> int:
        return self.known if self.known is not None else count(self.user, self.department, self.asked)

    def __getitem__(self, part: Any) -> Any:
        if not isinstance(part, slice):
            return self[part : part + 1][0]
        start = part.start or 0
        return pairs(self.user, self.department, self.asked, start, part.stop - start)


def expanded(rows: Sequence[tuple[int, str, str]], asked: Asked) -> Iterator[Pair]:
    """The pairs of these rows that are asked for, in the order of the framework."""
    method, day = load_method(), timezone.localdate()
    wanted = {application for application, _, _ in rows}
    columns = ("pk", "name", "department__name", "department_id")
    known_ones = AIApplication.objects.filter(pk__in=wanted).order_by().values_list(*columns)
    named = {pk: (name, department, key) for pk, name, department, key in known_ones}
    shown = {framework for _, framework, _ in rows}
    known = coverage({pk: key for pk, (_, _, key) in named.items()}, day, shown)
    for application, framework, states in rows:
        found = known[application][framework]
        for letter, requirement in zip(states, method.frameworks[framework].requirements.values(), strict=False):
            one = found.get(requirement.id)
            if letter == ABSENT or one is None:
                continue
            late = overdue(one, day)
            if asked.of(framework, requirement.id, STATES[letter], late):
                about = (application, *named[application][:2])
                yield pair(method, method.frameworks[framework], one, STATES[letter], about, late)


def coverage(
    departments: Mapping[int, int], day: date, frameworks: Collection[str]
) -> dict[int, dict[str, dict[str, RequirementState]]]:
    """Every requirement of these frameworks that applies to each application (given with its department), by framework
    and id, worked out as of the day."""
    method = load_method()
    found = {}
    for pk, case in cases.load(sorted(departments), day, departments, signals_too=False).items():
        by_framework = coverage_of(judge(case, day, method), method, frameworks)
        found[pk] = {key: {one.requirement.id: one for one in it.requirements} for key, it in by_framework.items()}
    return found


def pair(
    method: Method, framework: Framework, one: RequirementState, state: State, about: tuple[int, str, str], late: bool
) -> Pair:
    """A requirement as a row, `about`: the application's key, its name and its department's."""
    controls, (application, name, department) = method.controls, about
    return Pair(
        framework=framework,
        requirement=one.requirement,
        application_id=application,
        application=name,
        department=department,
        state=state,
        low=one.low,
        high=one.high,
        controls=tuple(controls[key] for key in one.controls),
        missing=tuple(controls[key] for key in one.missing),
        due=one.due,
        overdue=late,
        obligation_from=one.obligation_from,
        days_left=one.days_left,
    )


def _letters(
    user: User | None,
    department: Department | None,
    framework: Framework,
    applications: QuerySet[AIApplication, Any] | None,
) -> tuple[Any, Any]:
    """The rows of letters that live applications have, a column a requirement, and how many have each."""
    rows = (
        _among(counted_rows(user, department), applications)
        .filter(framework=framework.id)
        .order_by()
        .values_list("states")
        .annotate(n=Count("*"))
    )
    found = kept_rows(rows)
    texts, counts = zip(*found, strict=True) if found else ((), ())
    width = len(framework.requirements)
    letters = np.frombuffer("".join(texts).encode(), np.uint8).reshape(len(texts), width)
    weights = np.array(counts, np.int64)
    return letters, weights


def by_requirement(
    user: User | None,
    department: Department | None,
    framework: Framework,
    applications: QuerySet[AIApplication, Any] | None = None,
) -> dict[str, Counter[State]]:
    """Of each requirement of a framework, the live applications (of those with these ids) in each state."""
    letters, weights = _letters(user, department, framework, applications)
    sums = {state: weights @ (letters == ord(letter)) for letter, state in STATES.items()}
    return {
        key: Counter({state: int(sums[state][place]) for state in sums if weights.size and sums[state][place]})
        for place, key in enumerate(framework.requirements)
    }


def applications_in(
    user: User | None,
    department: Department | None,
    framework: Framework,
    requirements: Collection[str],
    state: State,
    applications: QuerySet[AIApplication, Any] | None = None,
) -> int:
    """How many live applications have at least one of these requirements in a state; read as `by_requirement` reads."""
    texts, weights = _letters(user, department, framework, applications)
    if not weights.size:
        return 0
    places = [place for place, key in enumerate(framework.requirements) if key in requirements]
    return int(weights @ (texts[:, places] == ord(LETTERS[state])).any(axis=1))
