"""Which controls are asked of an application, and the ratchet that goes with it (docs/method.md, sections 3 and 8)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from risk.scoring.expressions import Lookup, Truth, both, either, evaluate
from risk.scoring.method import Control, Method
from risk.scoring.score import ApplicationScore, Ratchet
from risk.scoring.vocabulary import (
    HIGHEST_TIER,
    INHERENT_HIGH_FACT,
    INHERENT_HIGH_FROM,
    TIER_FROM,
    EUClass,
    Why,
)


@dataclass(frozen=True, slots=True)
class AskedControl:
    """A control that counts. `applicable` None: it may, a fact is unknown. `why`: own tier, a duty, or answered."""

    control: Control
    applicable: Truth
    why: Why


def tier_of(inherent_worst: float, eu_class: str | None) -> int:
    """Tier of an application by its worst inherent point value; EU high-risk is always the highest."""
    if eu_class == EUClass.HIGH_RISK:
        return HIGHEST_TIER
    return next(tier for tier, start in TIER_FROM if inherent_worst >= start)


def asked_controls(
    method: Method,
    facts: Mapping[str, Truth],
    inherent_worst: float,
    eu_class: str | None,
    answered: Collection[str],
    excluded: Collection[str] = (),
) -> list[AskedControl]:
    """The controls that count for an application, in the order of the library.

    `facts`: value by fact, absent is unknown. `inherent_worst`: worst inherent point value. `answered`: ids of controls
    that have a status; above the tier a control counts only when it is answered or a binding duty needs it.
    `excluded`: ids that two people agreed do not apply, against the rule; a duty then needs another control.
    """
    tier = tier_of(inherent_worst, eu_class)
    known = {**facts, INHERENT_HIGH_FACT: inherent_worst >= INHERENT_HIGH_FROM}
    applies = {
        key: False if key in excluded else evaluate(control.applies_when, known.get)
        for key, control in method.controls.items()
    }
    needed = _needed_by_duties(method, known.get, applies, tier)
    asked = []
    for key, control in method.controls.items():
        if applies[key] is False:
            continue
        if control.tier <= tier:
            asked.append(AskedControl(control, applies[key], Why.TIER))
        elif key in answered:
            why = Why.BINDING if needed.get(key) is True else Why.ANSWERED
            asked.append(AskedControl(control, applies[key], why))
        elif needed.get(key, False) is not False:
            asked.append(AskedControl(control, needed[key], Why.BINDING))
    return asked


def _needed_by_duties(method: Method, lookup: Lookup, applies: Mapping[str, Truth], tier: int) -> dict[str, Truth]:
    """Control above the tier → whether a binding duty that no asked control of the tier satisfies needs it."""
    needed: dict[str, Truth] = {}
    for framework in method.frameworks.values():
        if not framework.binding:
            continue
        for requirement in framework.requirements.values():
            satisfying = method.satisfied_by[requirement.key]
            above = [c for c in satisfying if method.controls[c].tier > tier and applies[c] is not False]
            if not above:
                continue
            open_duty = evaluate(requirement.applies_to, lookup)
            for control in satisfying:
                if method.controls[control].tier <= tier:
                    covered = applies[control]
                    open_duty = both(open_duty, None if covered is None else not covered)
            for control in above:
                needed[control] = either(needed.get(control, False), both(open_duty, applies[control]))
    return needed


def newly_asked(asked: Iterable[AskedControl], previous_tier: int, answered: Collection[str]) -> tuple[str, ...]:
    """Ids of unanswered controls that are asked only because the tier rose above `previous_tier`."""
    return tuple(
        one.control.id
        for one in asked
        if one.why == Why.TIER and one.control.tier > previous_tier and one.control.id not in answered
    )


def next_ratchet(
    held: Ratchet | None,
    previous: ApplicationScore | None,
    previous_tier: int,
    tier: int,
    asked: Collection[AskedControl],
    answered: Collection[str],
) -> Ratchet | None:
    """The ratchet to score with now: asking more may not look like improvement.

    A held ratchet stays while any of its controls is asked and unanswered. Where the tier rises, the previous point
    values are held until the controls that came with it are answered. None: nothing is held.
    """
    ids = {one.control.id for one in asked}
    waiting = tuple(c for c in held.pending if c in ids and c not in answered) if held else ()
    fresh = newly_asked(asked, previous_tier, answered) if tier > previous_tier else ()
    if previous is not None and fresh:
        return Ratchet(
            overall=previous.point,
            principles={p: score.point for p, score in previous.principles.items()},
            pending=tuple(dict.fromkeys((*waiting, *fresh))),
        )
    if held is not None and waiting:
        return Ratchet(held.overall, held.principles, waiting)
    return None
