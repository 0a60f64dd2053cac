"""The class under the EU AI Act by the decision table: Kleene logic, rules in order, nothing decided by code.

The meaning is that of `evaluation` in classification.yaml. One thing it leaves open is settled here: after a stop
that *may* have ended the run, later rules fire only "if we get there", so their facts stay open and not certain.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from risk.scoring.expressions import Truth, evaluate, undecided
from risk.scoring.method import Method, Question, Rule

# yes_no: bool; choice: option; multi: options. None: unknown. A question that is absent counts as no (choice: none).
Answer: TypeAlias = bool | str | list[str] | None
Answers: TypeAlias = Mapping[str, Answer]

# The source of facts that the table settles; other facts are only implied by it.
CLASSIFICATION = "classification"


class AnswerError(ValueError):
    """An answer that its question does not allow; the message names both."""


@dataclass(frozen=True)
class Reason:
    """A rule that gave the class or a fact. `certain` False: it depends on `questions` that are unknown."""

    rule: str
    class_: str | None
    text: str
    articles: tuple[str, ...]
    certain: bool
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Classification:
    """Outcome of the table. `class_` is None while more than one class is possible."""

    class_: str | None
    possible: tuple[str, ...]
    decided_by: tuple[str, ...]
    facts: tuple[str, ...]
    open_facts: tuple[str, ...]
    articles: tuple[str, ...]
    from_: date | None
    reasons: tuple[Reason, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values as the command `classify` prints them."""
        return {
            "class": self.class_,
            "possible": list(self.possible),
            "decided_by": list(self.decided_by),
            "facts": list(self.facts),
            "open_facts": list(self.open_facts),
            "articles": list(self.articles),
            "from": self.from_.isoformat() if self.from_ else None,
        }


@dataclass
class _Run:
    """What one run over the rules has found so far.

    `derived` and `doubtful` hold if the run got this far; `certain` holds in every way of answering.
    `because` tells for each doubtful fact which unknown questions it hangs on; `kept` are the classes a stop may have
    kept; `stops` the unknown questions that may have ended the run.
    """

    fired: list[tuple[Rule, bool]] = field(default_factory=list)
    unknown: list[tuple[Rule, frozenset[str]]] = field(default_factory=list)
    derived: set[str] = field(default_factory=set)
    certain: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    because: dict[str, frozenset[str]] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    stops: frozenset[str] = frozenset()


def classify(answers: Answers, method: Method) -> Classification:
    """Classify by the answers: absent counts as no, None as unknown. Raises AnswerError for an impossible answer."""
    return classify_values(atom_values(answers, method), method)


def classify_values(values: Mapping[str, Truth], method: Method) -> Classification:
    """`classify`, where the value of every atom is known already."""
    run = _run(values, method)
    headline = _headline((rule.class_ for rule, _ in run.fired), method)
    possible = _possible(run, headline, method)
    class_ = possible[0] if len(possible) == 1 else None
    open_facts = _open_facts(run, method)
    return Classification(
        class_=class_,
        possible=possible,
        decided_by=_decided_by(run, possible, set(open_facts), method),
        facts=tuple(f for f in method.facts if f in run.certain),
        open_facts=open_facts,
        articles=_articles(run, class_),
        from_=_from(run, class_),
        reasons=_reasons(run, method),
    )


def _run(values: Mapping[str, Truth], method: Method) -> _Run:
    run = _Run()

    def lookup(name: str) -> Truth:
        if name in values:
            return values[name]
        if name in run.derived:
            return True
        return None if name in run.doubtful else False

    for rule in method.rules:
        value = evaluate(rule.when, lookup)
        implied = frozenset().union(*(method.implied[fact] for fact in rule.facts))
        if value is True:
            certain = not run.stops
            run.fired.append((rule, certain))
            run.derived |= implied
            if certain:
                run.certain |= implied
            else:
                _doubt(run, implied, run.stops)
            if rule.stop:
                break
        elif value is None:
            support = _support(undecided(rule.when, lookup), values, run)
            run.unknown.append((rule, support))
            run.doubtful |= implied
            _doubt(run, implied, support | run.stops)
            if rule.stop:
                possible_here = _possible(run, _headline((r.class_ for r, _ in run.fired), method), method)
                run.kept |= set(possible_here)
                run.stops |= support
    return run


def _doubt(run: _Run, facts: Iterable[str], questions: frozenset[str]) -> None:
    for fact in facts:
        run.because[fact] = run.because.get(fact, frozenset()) | questions


def _support(unknown: Iterable[str], values: Mapping[str, Truth], run: _Run) -> frozenset[str]:
    """The unknown questions behind unknown atoms, through the doubtful facts among them."""
    found: set[str] = set()
    for name in unknown:
        if name in values:
            found.add(name.split(".")[1])
        else:
            found |= run.because[name]
    return frozenset(found)


def _headline(classes: Iterable[str | None], method: Method) -> str | None:
    found = set(classes)
    return next((c for c in method.headline_order if c in found), None)


def _possible(run: _Run, headline: str | None, method: Method) -> tuple[str, ...]:
    """The headline, what a stop may have kept, and the unknown classes that rank above the headline."""
    unknown = {rule.class_ for rule, _ in run.unknown}
    found = []
    above = True
    for name in method.headline_order:
        if name == headline or name in run.kept or (above and name in unknown):
            found.append(name)
        above = above and name != headline
    return tuple(found)


def _open_facts(run: _Run, method: Method) -> tuple[str, ...]:
    """Facts of the table that are neither certain nor excluded. Facts it only implies are settled elsewhere."""
    return tuple(
        key
        for key, fact in method.facts.items()
        if fact.source == CLASSIFICATION and key in run.because and key not in run.certain
    )


def _decided_by(run: _Run, possible: tuple[str, ...], open_facts: set[str], method: Method) -> tuple[str, ...]:
    """The unknown questions that can still change the class or an open fact, in the order of the table."""
    found: set[str] = set()
    for fact in open_facts:
        found |= run.because[fact]
    if len(possible) > 1:
        for rule, support in run.unknown:
            if rule.class_ in possible:
                found |= support
        found |= run.stops
    return tuple(q for q in method.questions if q in found)


def _articles(run: _Run, class_: str | None) -> tuple[str, ...]:
    """Articles of the rules that fired for certain, and of those that gave the class once it is decided."""
    found: dict[str, None] = {}
    for rule, certain in run.fired:
        if certain or (class_ is not None and rule.class_ == class_):
            found.update(dict.fromkeys(rule.articles))
    return tuple(found)


def _from(run: _Run, class_: str | None) -> date | None:
    """The earliest date among the fired rules of the class."""
    dates = [rule.effective_from for rule, _ in run.fired if rule.class_ == class_ and rule.effective_from]
    return min(dates, default=None) if class_ is not None else None


def _reasons(run: _Run, method: Method) -> tuple[Reason, ...]:
    order = {rule.id: place for place, rule in enumerate(method.rules)}
    found = [
        Reason(r.id, r.class_, r.reason, r.articles, certain, () if certain else _ordered(run.stops, method))
        for r, certain in run.fired
    ]
    found += [
        Reason(r.id, r.class_, r.reason, r.articles, False, _ordered(support | run.stops, method))
        for r, support in run.unknown
    ]
    return tuple(sorted(found, key=lambda reason: order[reason.rule]))


def _ordered(questions: frozenset[str], method: Method) -> tuple[str, ...]:
    return tuple(sorted(questions, key=method.question_place.__getitem__))


def atom_values(answers: Answers, method: Method) -> dict[str, Truth]:
    """The value of every atom about answers. A question whose `ask_if` is false is not asked, which counts as no.

    Raises AnswerError for an unknown question, a value of the wrong type or an unknown option.
    """
    for name in answers:
        if name not in method.questions:
            raise AnswerError(f"no question {name!r}")
    values: dict[str, Truth] = {}
    for question in method.questions.values():
        given = checked(question, answers[question.id]) if question.id in answers else _no(question)
        if question.ask_if is not None and evaluate(question.ask_if, values.__getitem__) is False:
            given = _no(question)
        values |= _atoms(question, given)
    return values


def checked(question: Question, answer: Answer) -> Answer:
    """The answer, where the question allows it. Raises AnswerError."""
    if answer is None or (question.type == "yes_no" and isinstance(answer, bool)):
        return answer
    if question.type == "choice" and isinstance(answer, str) and answer in question.options:
        return answer
    if question.type == "multi" and isinstance(answer, (list, tuple)):
        wrong = [option for option in answer if not isinstance(option, str) or option not in question.options]
        if not wrong:
            return list(answer)
        raise AnswerError(f"{question.id} has no option {wrong[0]!r}")
    kinds = {"yes_no": "true, false or null", "multi": "a list of options or null"}
    expected = kinds.get(question.type, f"one of {', '.join(question.options)} or null")
    raise AnswerError(f"{question.id} takes {expected}, not {str(answer)[:60]!r}")


def _no(question: Question) -> Answer:
    if question.type == "yes_no":
        return False
    return [] if question.type == "multi" else "none"


def _atoms(question: Question, given: Answer) -> dict[str, Truth]:
    name = question.atom
    if question.type == "yes_no":
        return {name: given if given is None else bool(given)}
    picked = {given} if isinstance(given, str) else set(given or ()) if isinstance(given, list) else None
    if picked is not None:
        picked.discard("none")
    atoms: dict[str, Truth] = {}
    for option in question.options:
        atoms[f"{name}.{option}"] = None if picked is None else option in picked
        if question.type == "multi":
            atoms[f"{name}.only_{option}"] = None if picked is None else picked == {option}
    atoms[f"{name}.none"] = None if picked is None else not picked
    atoms[f"{name}.any"] = None if picked is None else bool(picked)
    return atoms
