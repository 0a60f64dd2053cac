"""What follows from stated facts: `implies` and `excludes` of facts.yaml, in both directions, with the reason kept.

A fact that follows from others is never asked; a statement that contradicts one is refused with both sides named
(contracts: organisation facts, answers).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from risk.scoring.expressions import Truth
from risk.scoring.method import Method


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`stated` was said to be `value`; `against`, which was stated as well, says the opposite."""

    stated: str
    value: bool
    against: str
    against_value: bool


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """Truth of each fact (absent: unknown), where each derived one comes from, and what can't be true together."""

    values: Mapping[str, bool]
    because: Mapping[str, str]  # derived fact → the stated fact it follows from
    contradictions: tuple[Contradiction, ...]


def follow(stated: Mapping[str, Truth], method: Method) -> KnownFacts:
    """Everything that follows from `stated`; unknown statements are as if absent. Order does not matter."""
    return _follow(tuple(sorted((f, v) for f, v in stated.items() if v is not None)), method)


@lru_cache(maxsize=8192)
def _follow(stated: tuple[tuple[str, bool], ...], method: Method) -> KnownFacts:
    given = dict(stated)
    values, because = dict(given), {fact: fact for fact in given}
    clashes: dict[tuple[str, str], Contradiction] = {}
    waiting = list(given)
    while waiting:
        fact = waiting.pop(0)
        origin = because[fact]
        for follower, value in _followers(fact, values[fact], method):
            if follower not in values:
                values[follower], because[follower] = value, origin
                waiting.append(follower)
            elif values[follower] is not value:
                left, right = sorted((because[follower], origin))
                if left != right:
                    clashes[left, right] = Contradiction(left, given[left], right, given[right])
    derived = {fact: origin for fact, origin in because.items() if fact not in given}
    return KnownFacts(values, derived, tuple(clashes[pair] for pair in sorted(clashes)))


def _followers(fact: str, value: bool, method: Method) -> list[tuple[str, bool]]:
    """Facts that a true fact makes true or excludes, or that a false fact makes false."""
    if value:
        own = method.facts[fact]
        excluded = [*own.excludes, *_excluders(method).get(fact, ())]
        return [(f, True) for f in own.implies] + [(f, False) for f in excluded]
    return [(f, False) for f in _premises(method).get(fact, ())]


@lru_cache(maxsize=8)
def _premises(method: Method) -> Mapping[str, tuple[str, ...]]:
    """Fact → the facts that imply it directly."""
    found: dict[str, list[str]] = {}
    for fact in method.facts.values():
        for follower in fact.implies:
            found.setdefault(follower, []).append(fact.id)
    return {follower: tuple(facts) for follower, facts in found.items()}


@lru_cache(maxsize=8)
def _excluders(method: Method) -> Mapping[str, tuple[str, ...]]:
    """Fact → the facts that exclude it: an exclusion holds in both directions."""
    found: dict[str, list[str]] = {}
    for fact in method.facts.values():
        for other in fact.excludes:
            found.setdefault(other, []).append(fact.id)
    return {other: tuple(facts) for other, facts in found.items()}
