"""The questions about one application, in small steps: only those that can still matter, each with where it stands.

A fact that follows from other answers is shown as such and not asked; a question that only matters after another comes
after that one is answered; facts about the organisation are never asked here.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from risk.scoring.classify import Answer, Classification
from risk.scoring.expressions import Expression, Truth, evaluate, names, undecided
from risk.scoring.judgement import ORGANISATION_QUESTIONS, Judgement, stated_facts, table_values
from risk.scoring.method import Method, Question
from risk.scoring.vocabulary import EU_CLASS_FACTOR

QUESTIONNAIRE = "questionnaire"


class Step(StrEnum):
    """A page of the questionnaire; the order is the order in which they come."""

    FACTORS = "factors"
    FACTS = "facts"
    SCOPE = "scope"
    PROHIBITED = "prohibited"
    ANNEX_I = "annex_i"
    ANNEX_III = "annex_iii"
    TRANSPARENCY = "transparency"
    GPAI = "gpai"


# The table keeps its questions in the order of the law; each of these begins a step.
_FIRST_OF_STEP = {
    "ai_system": Step.SCOPE,
    "p_a": Step.PROHIBITED,
    "annex_i": Step.ANNEX_I,
    "annex_iii": Step.ANNEX_III,
    "interacts": Step.TRANSPARENCY,
    "gpai_provider": Step.GPAI,
}


_OPTION_LABELS = {
    "under_10k": "Under 10,000",
    "under_1m": "Under 1 million",
    "over_1m": "Over 1 million",
    "over_1y": "Over a year",
    "under_1y": "Under a year",
    "special_category": "Special categories (health, belief, origin …)",
    "economic": "Economic loss",
    "human_decides": "It advises, a person decides",
    "human_can_intervene": "It decides, a person can step in",
    "acts_alone": "It acts alone",
    "suggests": "It only suggests",
    "public": "The public",
    "vulnerable": "Vulnerable people",
    "pilot": "In a pilot",
    "experiment": "Still an experiment",
    "curated": "Curated content only",
}


class Standing(StrEnum):
    """Where a question stands. `open` was never answered; `unknown` is an explicit "I don't know"."""

    OPEN = "open"
    UNKNOWN = "unknown"
    ANSWERED = "answered"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `type`: choice, yes_no or multi. `because`: text of the fact that settles a derived one."""

    key: str
    step: Step
    type: str
    text: str
    options: tuple[tuple[str, str], ...]
    standing: Standing
    answer: Answer = None
    article: str = ""
    help: str = ""
    applies_from: date | None = None
    because: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nobody answered it yet."""
        return self.standing is Standing.OPEN


def items(judgement: Judgement, method: Method) -> list[Item]:
    """All questions that matter for this application now, derived facts among them, in order."""
    return [*_factor_items(judgement, method), *_fact_items(judgement, method), *_class_items(judgement, method)]


def asked_keys(judgement: Judgement, method: Method) -> tuple[str, ...]:
    """Keys of the questions that a person answers: `items` without the derived ones."""
    factors = tuple(key for key in method.factors if key != EU_CLASS_FACTOR)
    answers = judgement.case.answers
    open_facts = _facts_that_matter(judgement, method)
    facts = tuple(
        key
        for key, fact in method.facts.items()
        if fact.source == QUESTIONNAIRE and (key in open_facts or (key in answers and _own(key, judgement)))
    )
    return factors + facts + tuple(q.id for q in _class_questions(judgement, method))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a judgement's questions and controls are answered; "I don't know" counts as answered, and as unknown."""

    questions_asked: int
    questions_answered: int
    questions_unknown: int
    controls_asked: int
    controls_answered: int


def progress_of(judgement: Judgement, method: Method) -> Progress:
    """How much is asked, and how much of it answered."""
    questions = asked_keys(judgement, method)
    controls = [one.control.id for one in judgement.asked if one.applicable is not False]
    case = judgement.case
    return Progress(
        questions_asked=len(questions),
        questions_answered=sum(key in case.answers for key in questions),
        questions_unknown=sum(case.answers.get(key, ...) is None for key in questions),
        controls_asked=len(controls),
        controls_answered=sum(key in case.controls for key in controls),
    )


def step_of(key: str, method: Method) -> Step | None:
    """The step in which a question stands; None for a key that nobody is asked about an application."""
    if key in method.factors and key != EU_CLASS_FACTOR:
        return Step.FACTORS
    if key in method.facts and method.facts[key].source == QUESTIONNAIRE:
        return Step.FACTS
    return _class_steps(method).get(key)


def option_label(option: str) -> str:
    """An option of a factor as people read it."""
    return _OPTION_LABELS.get(option) or option.replace("_", " ").capitalize()


def _standing(key: str, judgement: Judgement) -> Standing:
    if key not in judgement.case.answers:
        return Standing.OPEN
    return Standing.UNKNOWN if judgement.case.answers[key] is None else Standing.ANSWERED


def _factor_items(judgement: Judgement, method: Method) -> Iterator[Item]:
    for factor in method.factors.values():
        if factor.id == EU_CLASS_FACTOR:
            continue
        yield Item(
            key=factor.id,
            step=Step.FACTORS,
            type="choice",
            text=factor.question,
            options=tuple((option, option_label(option)) for option in factor.options),
            standing=_standing(factor.id, judgement),
            answer=judgement.case.answers.get(factor.id),
        )


def _fact_items(judgement: Judgement, method: Method) -> Iterator[Item]:
    answers, matters = judgement.case.answers, _facts_that_matter(judgement, method)
    for key, fact in method.facts.items():
        if fact.source != QUESTIONNAIRE:
            continue
        own = _own(key, judgement)
        known = judgement.facts.get(key)
        if not own and known is None and key not in matters:
            continue
        derived = not own and known is not None
        standing = Standing.DERIVED if derived else _standing(key, judgement)
        if standing is Standing.DERIVED and known is False and key not in answers:
            continue  # "no" that follows from another "no" is noise
        yield Item(
            key=key,
            step=Step.FACTS,
            type="yes_no",
            text=fact.text,
            options=(),
            standing=standing,
            answer=known if derived else answers.get(key),
            because=_because(key, judgement, method) if derived else "",
        )


def _own(key: str, judgement: Judgement) -> bool:
    """Whether a person stated this fact themselves, so that it stays a question even where others imply it."""
    return judgement.case.answers.get(key) is not None or (
        key in judgement.case.answers and judgement.facts.get(key) is None
    )


def _because(key: str, judgement: Judgement, method: Method) -> str:
    """Text of a stated or classified fact from which this one follows."""
    stated = stated_facts(judgement.case, method) | dict.fromkeys(judgement.classification.facts, True)
    truth = judgement.facts.get(key)
    for other, value in stated.items():
        if other == key or other not in method.facts:
            continue
        if value is True and truth is True and key in method.implied[other]:
            return method.facts[other].text
        if value is False and truth is False and other in method.implied[key]:
            return f"not: {method.facts[other].text}"
        if value is True and truth is False and _excludes(method, other, key):
            return method.facts[other].text
    return ""


def _excludes(method: Method, one: str, other: str) -> bool:
    return any(
        right in method.facts[left].excludes or left in method.facts[right].excludes
        for left in method.implied[one]
        for right in method.implied[other]
    )


def _class_items(judgement: Judgement, method: Method) -> Iterator[Item]:
    steps = _class_steps(method)
    for question in _class_questions(judgement, method):
        yield Item(
            key=question.id,
            step=steps[question.id],
            type=question.type,
            text=question.text,
            options=tuple(question.options.items()),
            standing=_standing(question.id, judgement),
            answer=judgement.case.answers.get(question.id),
            article=question.article,
            help=question.help,
            applies_from=question.effective_from,
        )


@lru_cache(maxsize=8)
def _class_steps(method: Method) -> Mapping[str, Step]:
    steps, step = {}, Step.SCOPE
    for key in method.questions:
        step = _FIRST_OF_STEP.get(key, step)
        if key not in ORGANISATION_QUESTIONS:
            steps[key] = step
    return steps


def _class_questions(judgement: Judgement, method: Method) -> tuple[Question, ...]:
    return class_questions(judgement.case.answers, judgement.table, judgement.classification, method)


def class_questions(
    answered: Collection[str], table: tuple[object, ...], classification: Classification, method: Method
) -> tuple[Question, ...]:
    """Questions of the table that are answered, or that can change the class or an open fact, each in its turn."""
    skipped = _never_reached(table, method)
    deciding = set(classification.decided_by)
    steps = _class_steps(method)
    return tuple(
        q
        for key, q in method.questions.items()
        if key in steps and key not in skipped and (key in answered or (key in deciding and _in_turn(q, answered)))
    )


def _in_turn(question: Question, answered: Collection[str]) -> bool:
    """Whether the questions on which this one depends were answered, be it by "I don't know"."""
    needed = names(question.ask_if) if question.ask_if else ()
    return all(atom.split(".")[1] in answered for atom in needed)


@lru_cache(maxsize=16384)
def _never_reached(answers: tuple[object, ...], method: Method) -> frozenset[str]:
    """Questions whose `ask_if` is false: nobody is asked them, and an old answer to one does not count."""
    values = table_values(answers, method)
    return frozenset(
        q.id
        for q in method.questions.values()
        if q.ask_if is not None and evaluate(q.ask_if, values.__getitem__) is False
    )


def _facts_that_matter(judgement: Judgement, method: Method) -> frozenset[str]:
    """Unknown questionnaire facts on which a control, a requirement or a date still hangs."""
    unknown = frozenset(
        key for key, fact in method.facts.items() if fact.source == QUESTIONNAIRE and judgement.facts.get(key) is None
    )
    if not unknown:
        return unknown
    hanging = _hanging(tuple(judgement.facts.get(key) for key in method.facts), method) & unknown
    answers = judgement.case.answers
    return frozenset(
        key
        for key in hanging
        if key in answers or all(f in answers or f not in unknown for f in method.facts[key].implies)
    )


@lru_cache(maxsize=16384)
def _hanging(values: tuple[Truth, ...], method: Method) -> frozenset[str]:
    facts = dict(zip(method.facts, values, strict=True))
    found: set[str] = set()
    for condition in conditions_of(method):
        found |= undecided(condition, facts.get)
    return frozenset(found)


@lru_cache(maxsize=8)
def conditions_of(method: Method) -> tuple[Expression, ...]:
    """Every different condition on which a control, a requirement or a date hangs."""
    found = dict.fromkeys(control.applies_when for control in method.controls.values())
    for requirement in method.requirements.values():
        found[requirement.applies_to] = None
        found.update(dict.fromkeys(condition for condition, _ in requirement.obligation_from_when))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Count:
    """Questions that are asked, and how many of them are answered, among those `unknown`: by "I don't know"."""

    answered: int = 0
    unknown: int = 0
    asked: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.answered + other.answered, self.unknown + other.unknown, self.asked + other.asked)


def count_by_step(found: Iterable[Item]) -> dict[Step, Count]:
    """How far each step is; what follows from other answers is not asked."""
    counts = dict.fromkeys(Step, Count())
    for item in found:
        if item.standing is not Standing.DERIVED:
            counts[item.step] += Count(item.standing is not Standing.OPEN, item.standing is Standing.UNKNOWN, 1)
    return counts
