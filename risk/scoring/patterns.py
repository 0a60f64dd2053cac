"""What follows from the answers of many applications, on arrays: their facts, the controls asked of each, and how many
questions. A property test holds it to `facts`, `controls` and `questionnaire`, which say the same of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import orjson
from numpy.typing import NDArray

from risk.scoring.array_expressions import Conditions, Flags, Truths
from risk.scoring.codebook import Cases, Numbers, codebook
from risk.scoring.expressions import KLEENE, Expression
from risk.scoring.kinds import NOT_SETTLED, Kind
from risk.scoring.method import Method
from risk.scoring.questionnaire import QUESTIONNAIRE, conditions_of
from risk.scoring.vocabulary import (
    HIGHEST_TIER,
    INHERENT_HIGH_FACT,
    INHERENT_HIGH_FROM,
    TIER_FROM,
    EUClass,
)

_TABLES = (
    "tier", "truths", "conditions", "asked_open", "asked_stated", "certain_open", "certain_stated", "by_tier",
    "questions", "answered",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Patterns:
    """One row an application. `truths` of the facts, in the order of the method; `conditions` by node of
    `conditions(method)`: 1, 0 unknown, −1.

    Flags are by control: asked where nothing is stated and where something is, whether it then applies for certain,
    and whether it is asked by its tier. `answered` of the `questions` asked, factors apart, are answered.
    """

    kinds: Sequence[Kind]
    tier: Numbers
    truths: Truths
    conditions: Truths
    asked_open: Flags
    asked_stated: Flags
    certain_open: Flags
    certain_stated: Flags
    by_tier: Flags
    questions: Numbers
    answered: Numbers

    def part(self, rows: slice) -> "Patterns":
        """Some of the applications."""
        return replace(self, kinds=self.kinds[rows], **{name: getattr(self, name)[rows] for name in _TABLES})


@dataclass(frozen=True, slots=True)
class _Plan:
    """The method as places: facts with what denies and what excludes them, duties with the controls that satisfy them.

    `answers`: column of each fact among the answers. `follows`: for each fact that implies others, those.
    """

    names: tuple[str, ...]
    answers: tuple[int, ...]
    follows: tuple[tuple[int, list[int]], ...]
    against: tuple[tuple[int, list[int], list[int]], ...]  # (fact, false ones that deny it, true ones that exclude it)
    asked: tuple[int, ...]  # facts of the questionnaire
    implies: tuple[list[int], ...]
    control_tier: NDArray[np.int64]
    applies: list[int]  # node of each control's condition
    duties: tuple[tuple[int, tuple[int, ...]], ...]  # binding: (node of its condition, controls that satisfy it)


@lru_cache(maxsize=4)
def conditions(method: Method) -> Conditions:
    """The conditions of a method's controls, requirements and dates, taken apart."""
    return Conditions(conditions_of(method))


def node(condition: Expression, method: Method) -> int:
    """The column of a condition in `Patterns.conditions`."""
    return conditions(method).place[condition]


@lru_cache(maxsize=4)
def _plan(method: Method) -> _Plan:
    keys = {key: place for place, key in enumerate(codebook(method).keys)}
    facts = {key: place for place, key in enumerate(method.facts)}
    controls = {key: place for place, key in enumerate(method.controls)}
    binding = (framework for framework in method.frameworks.values() if framework.binding)
    duties = (one for framework in binding for one in framework.requirements.values())
    return _Plan(
        names=tuple(facts),
        answers=tuple(keys[key] for key in facts),
        follows=tuple((facts[key], [facts[f] for f in method.implied[key] if f != key]) for key in facts),
        against=tuple((facts[key], *_against(key, facts, method)) for key in facts),
        asked=tuple(facts[key] for key, fact in method.facts.items() if fact.source == QUESTIONNAIRE),
        implies=tuple([facts[f] for f in fact.implies] for fact in method.facts.values()),
        control_tier=np.array([one.tier for one in method.controls.values()]),
        applies=[node(one.applies_when, method) for one in method.controls.values()],
        duties=tuple(
            (node(one.applies_to, method), tuple(controls[c] for c in method.satisfied_by[one.key])) for one in duties
        ),
    )


def _against(key: str, facts: Mapping[str, int], method: Method) -> tuple[list[int], list[int]]:
    """Facts that make this one false where they are false, and where they are true (`facts.settle`)."""
    implied = method.implied[key]
    excluding = {other for fact in implied for other in method.facts[fact].excludes}
    excluding |= {other for other in facts if implied.intersection(method.facts[other].excludes)}
    return [facts[f] for f in implied if f != key], [facts[f] for f in sorted(excluding)]


def patterns_of(
    cases: Cases, kinds: Sequence[Kind], worst: NDArray[np.float64], excluded: Flags, method: Method
) -> Patterns:
    """What follows for each row. `worst`: its worst inherent point value; `excluded`: controls that don't apply."""
    plan, tier = _plan(method), _tiers(kinds, worst)
    answers = cases.answers[:, list(plan.answers)].T
    facts = _facts(cases, answers, kinds, worst, plan, method)
    values = conditions(method).values(dict(zip(plan.names, facts, strict=True)), len(cases))
    applies = np.where(excluded.T, np.int8(-1), values[plan.applies])
    needed = _needed(applies, values, tier, plan)
    by_tier = plan.control_tier[:, None] <= tier
    possible = applies >= 0
    questions, answered = _questions(facts, answers, values, plan, method)
    factors = len(codebook(method).factors)
    return Patterns(
        kinds=kinds,
        tier=tier,
        truths=np.ascontiguousarray(facts.T),
        conditions=np.ascontiguousarray(values.T),
        asked_open=(possible & (by_tier | (needed >= 0))).T,
        asked_stated=possible.T,
        certain_open=(possible & (np.where(by_tier, applies, needed) == 1)).T,
        certain_stated=(applies == 1).T,
        by_tier=(possible & by_tier).T,
        questions=factors + questions + np.array([one.questions for one in kinds], np.int32),
        answered=answered + np.array([one.answered for one in kinds], np.int32),
    )


def _tiers(kinds: Sequence[Kind], worst: NDArray[np.float64]) -> Numbers:
    """`controls.tier_of` of each."""
    high_risk = [one.classification.class_ == EUClass.HIGH_RISK for one in kinds]
    by_risk = np.select([worst >= start for _, start in TIER_FROM], [tier for tier, _ in TIER_FROM])
    return np.where(high_risk, HIGHEST_TIER, by_risk).astype(np.int32)


def _facts(
    cases: Cases,
    answers: Numbers,
    kinds: Sequence[Kind],
    worst: NDArray[np.float64],
    plan: _Plan,
    method: Method,
) -> Truths:
    """Every fact by application: as the organisation, the answers and the table say it, then what follows from that
    (`facts.combine`)."""
    book = codebook(method)
    stated = [[KLEENE[one.get(key)] for key in plan.names] for one in book.organisations]
    facts = np.array(stated, np.int8).T[:, cases.organisation]
    facts = np.where(answers > 0, book.answers.truths[answers], facts)
    settled = np.stack([one.facts for one in kinds], axis=1)
    facts = np.where(settled == NOT_SETTLED, facts, settled)
    facts[plan.names.index(INHERENT_HIGH_FACT)] = np.where(worst >= INHERENT_HIGH_FROM, 1, -1)
    _settle(facts, plan)
    return facts


def _settle(facts: Truths, plan: _Plan) -> None:
    """Unknown facts that follow from known ones become known (`facts.settle`)."""
    true = facts == 1
    for fact, followers in plan.follows:
        for follower in followers:
            facts[follower][true[fact] & (facts[follower] == 0)] = 1
    for fact, deniers, excluders in plan.against:
        if deniers or excluders:
            no = (facts[deniers] == -1).any(axis=0) | (facts[excluders] == 1).any(axis=0)
            facts[fact][no & (facts[fact] == 0)] = -1


def _needed(applies: Truths, values: Truths, tier: Numbers, plan: _Plan) -> Truths:
    """Whether a binding duty that no asked control of the tier satisfies needs a control above the tier
    (`controls.asked_controls`)."""
    needed = np.full(applies.shape, -1, np.int8)
    for one in np.unique(tier).tolist():
        rows = np.flatnonzero(tier == one)
        mine, duties = applies[:, rows], values[:, rows]
        found = np.full(mine.shape, -1, np.int8)
        for condition, satisfying in plan.duties:
            above = [c for c in satisfying if plan.control_tier[c] > one]
            if not above:
                continue
            still_open = duties[condition]
            for control in satisfying:
                if plan.control_tier[control] <= one:
                    still_open = np.minimum(still_open, -mine[control])
            for control in above:
                np.maximum(found[control], np.minimum(still_open, mine[control]), out=found[control])
        needed[:, rows] = found
    return needed


def _questions(facts: Truths, answers: Numbers, values: Truths, plan: _Plan, method: Method) -> tuple[Numbers, Numbers]:
    """How many facts are asked, and how many of them answered (`questionnaire.asked_keys`)."""
    hanging = conditions(method).hanging(values)
    given, unknown = answers > 0, facts == 0
    known = codebook(method).answers.given[answers]  # answered by more than "I don't know"
    asked, answered = (np.zeros(facts.shape[1], np.int32) for _ in range(2))
    for fact in plan.asked:
        own = given[fact] & (known[fact] | unknown[fact])
        matters = np.zeros(facts.shape[1], bool)
        if plan.names[fact] in hanging:
            matters = hanging[plan.names[fact]] & unknown[fact]
            in_turn = np.ones(facts.shape[1], bool)
            for other in plan.implies[fact]:
                in_turn &= given[other] | ~unknown[other] | (other not in plan.asked)
            matters &= given[fact] | in_turn
        asked += matters | own
        answered += (matters | own) & given[fact]
    return asked, answered


def facts_texts(truths: Truths, method: Method) -> list[str]:
    """For each row its facts as JSON: true, or null while unknown; false ones are left out."""
    keys = [orjson.dumps(key).decode() for key in method.facts]
    parts = np.array([[f"{key}:null", f"{key}:true", ""] for key in keys], object)  # −1 counts from the end
    rows = parts[np.arange(len(keys)), truths].tolist()
    return [f"{{{','.join(filter(None, row))}}}" for row in rows]
