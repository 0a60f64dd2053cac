"""Random cases with everything that can be in one: answers, statements with and without evidence, alerts, use."""

import random
from dataclasses import replace
from datetime import date, timedelta

from risk.scoring.case import Case, Measures, Occurrence, Stated, Usage
from risk.scoring.vocabulary import PROVEN
from tests.risk.scoring.test_tally import DAY, a_case

__all__ = ["DAY", "a_full_case"]


def a_full_case(seed: int, day: date = DAY) -> Case:
    """The case of a seed, as it stands on a day: another seed, another application."""
    dice = random.Random(seed)
    case = a_case(dice)
    controls = {key: _with_evidence(one, dice) for key, one in case.controls.items()}
    occurrences = tuple(
        Occurrence(
            dice.choice(["low", "medium", "high", "critical"]),
            dice.choice([(), ("execution",), ("exfiltration", "discovery")]),
            day - timedelta(days=dice.randint(0, 30)),
            dice.random() < 0.6,
            ref=str(place),
        )
        for place in range(dice.choice([0, 0, 1, 4]))
    )
    usage = dice.choice([Usage(), Usage(dice.randint(1, 5000), 0, dice.randint(0, 20))])
    measures = dice.choice([Measures(), Measures(3, {"drift": dice.random(), "override_rate": dice.random() * 300})])
    return replace(case, controls=controls, occurrences=occurrences, usage=usage, measures=measures)


def _with_evidence(one: Stated, dice: random.Random) -> Stated:
    if dice.random() < 0.15:
        agreed = dice.choice([None, DAY + timedelta(days=dice.randint(-5, 100))])
        status = one.status if dice.random() < 0.5 else None
        return replace(one, status=status, applicable=False, agreed_until=agreed)
    if one.status in PROVEN and dice.random() < 0.6:
        return replace(one, valid_until=one.as_of + timedelta(days=dice.randint(0, 500)))
    return one
