"""The method as the engine sees it: frozen, checked, free of files. `risk.method` builds it from the released YAML."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TypeAlias

from risk.scoring.expressions import Expression
from risk.scoring.vocabulary import EU_CLASS_FACTOR, SCALE_FACTOR

Weights: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class Fact:
    """A statement an expression may use. `source`: classification, questionnaire, organisation or score."""

    id: str
    source: str
    text: str
    implies: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Factor:
    """An impact or likelihood factor: option → value in [0, 1]; `floor` and `exposure` only where the YAML has them."""

    id: str
    kind: str
    question: str
    options: Weights
    floor: Weights
    exposure: Weights

    @cached_property
    def least(self) -> str:
        """The option with the smallest value: what an unanswered factor counts as on the low path."""
        return min(self.options, key=lambda o: self.options[o])

    @cached_property
    def most(self) -> str:
        """The option with the largest value: what an unanswered factor counts as on the high path."""
        return max(self.options, key=lambda o: self.options[o])


@dataclass(frozen=True)
class Control:
    """A control of the library. `satisfies`: requirement keys `framework:requirement`; `review_days`: interval T."""

    id: str
    title: str
    question: str
    family: str
    principle: str
    principles: Weights
    evidence: tuple[str, ...]
    applies_when: Expression
    review_days: int
    severity: int
    tier: int
    satisfies: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A question of the classification. `type`: yes_no, choice (one option) or multi (any number of options)."""

    id: str
    type: str
    text: str
    article: str
    help: str
    options: Mapping[str, str]
    ask_if: Expression | None
    effective_from: date | None

    @cached_property
    def atom(self) -> str:
        """Its name in expressions; options follow after a dot."""
        return f"q.{self.id}"


@dataclass(frozen=True)
class Rule:
    """A row of the decision table: when true it adds its facts, offers its class, and may end the run."""

    id: str
    when: Expression
    class_: str | None
    facts: tuple[str, ...]
    articles: tuple[str, ...]
    reason: str
    effective_from: date | None
    stop: bool


@dataclass(frozen=True)
class ClassInfo:
    """How a class is named and shown."""

    id: str
    title: str
    colour: str
    action: str
    note: str


@dataclass(frozen=True)
class Transition:
    """A transitional provision, as information beside a class."""

    id: str
    articles: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Requirement:
    """What a framework asks. `level` organisation: outside every application's coverage."""

    framework: str
    id: str
    title: str
    text: str
    group: str
    kind: str
    level: str
    principles: Weights
    applies_to: Expression
    obligation_from: date | None
    obligation_from_when: tuple[tuple[Expression, date], ...]
    date_basis: str
    notes: str

    @property
    def key(self) -> str:
        """`framework:requirement`, as controls name it."""
        return f"{self.framework}:{self.id}"


@dataclass(frozen=True)
class Change:
    """A dated change of a framework and how certain its date is."""

    date: date
    certainty: str
    note: str


@dataclass(frozen=True)
class Framework:
    """A framework with its requirements, by id, in the order of the file."""

    id: str
    name: str
    version: str
    publisher: str
    source_url: str
    licence_note: str
    citation: str
    status: str
    as_of: date
    binding: bool
    optional: bool
    applies_hint: str
    replaces: str
    replaced_by: str
    groups: Mapping[str, str]
    changes: tuple[Change, ...]
    open_questions: tuple[str, ...]
    requirements: Mapping[str, Requirement]


@dataclass(frozen=True)
class Parameters:
    """The numbers of sections 2 to 7; meanings stand beside them in scoring.yaml."""

    likelihood_base: float
    max_mitigation: float
    key_severity: int
    key_min_weight: float
    key_share: float
    signal_scale: float
    signal_cap: float
    signal_half_life_days: float
    signal_resolved_factor: float
    no_telemetry_load: float
    caution: float
    worst_weight: float
    worst_gap: float
    dept_worst: float
    dept_tail: float
    dept_mean: float
    dept_tail_share: float
    dept_worst_gap: float


@dataclass(frozen=True)
class MeasureSignal:
    """A rate or drift: load = severity · min(5, value / tolerance) · weight of the principle."""

    id: str
    tolerance: float
    severity: float
    principles: Weights


@dataclass(frozen=True, eq=False)  # one instance a version: identity, so that caches may key on it
class Method:
    """Everything a score depends on besides the application. `digest` is the SHA-256 of all its files."""

    version: str
    digest: str
    released: date
    principles: tuple[str, ...]
    bands: tuple[tuple[str, float], ...]
    factors: Mapping[str, Factor]
    weights: Mapping[str, Weights]
    overall_weights: Weights
    parameters: Parameters
    control_status: Weights
    signal_severity: Weights
    alert_weights: Mapping[str, Weights]
    rates: Mapping[str, MeasureSignal]
    drift: MeasureSignal
    facts: Mapping[str, Fact]
    controls: Mapping[str, Control]
    families: Mapping[str, str]
    evidence_kinds: Mapping[str, str]
    questions: Mapping[str, Question]
    rules: tuple[Rule, ...]
    classes: Mapping[str, ClassInfo]
    headline_order: tuple[str, ...]
    transitions: tuple[Transition, ...]
    frameworks: Mapping[str, Framework]
    uncovered: Mapping[str, str]

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Principle → its place in `principles`."""
        return {p: i for i, p in enumerate(self.principles)}

    @cached_property
    def answerable(self) -> frozenset[str]:
        """Keys of answers about an application that something reads: factors, facts and questions."""
        return frozenset({*self.factors, *self.facts, *self.questions} - {EU_CLASS_FACTOR})

    @cached_property
    def question_place(self) -> Mapping[str, int]:
        """Question of the table → its place there."""
        return {key: place for place, key in enumerate(self.questions)}

    @cached_property
    def impact_factors(self) -> tuple[Factor, ...]:
        """The impact factors in the order of the file."""
        return tuple(f for f in self.factors.values() if f.kind == "impact")

    @cached_property
    def likelihood_factors(self) -> tuple[Factor, ...]:
        """The likelihood factors in the order of the file."""
        return tuple(f for f in self.factors.values() if f.kind == "likelihood")

    @cached_property
    def requirements(self) -> Mapping[str, Requirement]:
        """Every requirement of every framework by its key `framework:requirement`."""
        return {r.key: r for f in self.frameworks.values() for r in f.requirements.values()}

    @cached_property
    def satisfied_by(self) -> Mapping[str, tuple[str, ...]]:
        """Requirement key → ids of the controls that satisfy it, in the order of the library."""
        found: dict[str, list[str]] = {key: [] for key in self.requirements}
        for control in self.controls.values():
            for key in control.satisfies:
                found[key].append(control.id)
        return {key: tuple(ids) for key, ids in found.items()}

    @cached_property
    def implied(self) -> Mapping[str, frozenset[str]]:
        """Fact → every fact it implies, directly or through others, itself included."""

        def closure(fact: str) -> frozenset[str]:
            seen, waiting = {fact}, [fact]
            while waiting:
                for follower in self.facts[waiting.pop()].implies:
                    if follower in self.facts and follower not in seen:
                        seen.add(follower)
                        waiting.append(follower)
            return frozenset(seen)

        return {fact: closure(fact) for fact in self.facts}

    def band(self, value: float) -> str:
        """Band of a risk value: the last one whose lower bound (inclusive) is reached."""
        reached = self.bands[0][0]
        for name, start in self.bands:
            if value >= start:
                reached = name
        return reached

    def exposure(self, scale: str | None) -> float:
        """Exposure weight of an application by its `scale` answer; unknown weighs as much as the largest."""
        weights = self.factors[SCALE_FACTOR].exposure
        return weights[scale] if scale is not None else max(weights.values())
