"""Facts as one consistent set: what follows from them, what contradicts, and where each comes from."""

from collections.abc import Mapping
from dataclasses import dataclass

from risk.scoring.classify import CLASSIFICATION, Classification
from risk.scoring.expressions import Truth
from risk.scoring.method import Method
from risk.scoring.vocabulary import INHERENT_HIGH_FACT, INHERENT_HIGH_FROM


@dataclass(frozen=True)
class Contradiction:
    """Two statements that cannot both stand. `rule`: implies, excludes or one_of, of the fact `first`."""

    first: str
    second: str
    rule: str


def combine(
    method: Method,
    classification: Classification | None,
    stated: Mapping[str, Truth],
    inherent_worst: float | None = None,
) -> dict[str, Truth]:
    """The value of every fact: from the classification, from what was `stated` (application and organisation), and
    from the worst inherent point value; then settled. What nobody stated, and a missing classification, is unknown.
    """
    facts: dict[str, Truth] = dict.fromkeys(method.facts)
    for key, fact in method.facts.items():
        if fact.source == CLASSIFICATION:
            if classification is not None and key not in classification.open_facts:
                facts[key] = key in classification.facts
        elif key in stated:
            facts[key] = stated[key]
    for key in classification.facts if classification is not None else ():
        facts[key] = True
    facts[INHERENT_HIGH_FACT] = None if inherent_worst is None else inherent_worst >= INHERENT_HIGH_FROM
    return settle(facts, method)


def settle(facts: Mapping[str, Truth], method: Method) -> dict[str, Truth]:
    """Unknown facts that follow from known ones through `implies` and `excludes` become known; nothing is overruled."""
    settled = {key: facts.get(key) for key in method.facts}
    for key, value in facts.items():
        if value is True:
            for follower in method.implied[key]:
                if settled[follower] is None:
                    settled[follower] = True
    for key in method.facts:
        if settled[key] is not None:
            continue
        implied = method.implied[key]
        denied = any(settled[other] is False for other in implied)
        excluded = any(settled[other] is True for f in implied for other in method.facts[f].excludes)
        excluded = excluded or any(
            settled[other] is True for other in method.facts if implied.intersection(method.facts[other].excludes)
        )
        if denied or excluded:
            settled[key] = False
    return settled


def contradictions(facts: Mapping[str, Truth], method: Method) -> list[Contradiction]:
    """Every pair of statements that `implies`, `excludes` or `one_of` forbids, both sides named."""
    found = []
    for key, fact in method.facts.items():
        if facts.get(key) is not True:
            continue
        found += [Contradiction(key, other, "implies") for other in method.implied[key] if facts.get(other) is False]
        found += [Contradiction(key, other, "excludes") for other in fact.excludes if facts.get(other) is True]
        if fact.one_of and all(facts.get(other) is False for other in fact.one_of):
            found.append(Contradiction(key, ", ".join(fact.one_of), "one_of"))
    return found
