"""Judgements as rows: the order of columns, and what has to be written where."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from risk.models import CurrentScore, ScoreValues
from risk.scoring.case import dated_text, digest, moving_text, to_plain
from risk.scoring.forecast import HORIZONS, later
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.questionnaire import progress_of
from risk.scoring.tally import Tally

SHOWN_DECIMALS = 1  # a snapshot is due where a value rounded to this moved (contracts §3)

VALUES = [f.attname for f in ScoreValues._meta.concrete_fields]
CURRENT = ["application_id", *VALUES] + [
    f.attname for f in CurrentScore._meta.concrete_fields if f.attname not in VALUES and f.attname != "application_id"
]
SNAPSHOT = ["application_id", *VALUES, "inputs", "moving"]
BAND_CHANGE = ["application_id", "day", "changed_at", "before", "after", "point_before", "point_after"]
COVERAGE = [
    "application_id", "framework", "states", "met", "partial", "gap", "unknown", "upcoming", "not_assessed",
    "overdue", "assessed", "fulfilment_low", "fulfilment_high",
]  # fmt: skip
DATES = ["as_of", "computed_at"]  # a row that differs in nothing else is the same
# Figures of which a move, rounded, makes a snapshot
_FIGURES = [c for c in VALUES if c.endswith(("_low", "_high", "_point", "_inherent"))]


FORECAST = [f"overall_{days}d" for days in HORIZONS]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement with what its rows need: the day's time, digest and stored inputs."""

    judgement: Judgement
    method: Method
    at: datetime
    plain: dict[str, Any] = field(default_factory=dict)
    digest: str = ""


def verdict(judgement: Judgement, method: Method, at: datetime) -> Verdict:
    """Prepare a judgement for its rows."""
    plain = to_plain(judgement.case)
    return Verdict(judgement, method, at, plain, digest(plain, method))


def value_row(one: Verdict) -> list[Any]:
    """The columns of `ScoreValues`, in the order of VALUES."""
    score, judged = one.judgement.score, one.judgement
    values: dict[str, Any] = {
        "overall_low": score.low,
        "overall_high": score.high,
        "overall_point": score.point,
        "band": score.band,
        "exposure": int(one.method.exposure(judged.scale)),
        "eu_class": judged.classification.class_,
        "method": one.method.version,
        "digest": one.digest,
        "as_of": judged.day,
        "computed_at": one.at,
    }
    for key, principle in score.principles.items():
        for part in ("low", "high", "point", "inherent"):
            values[f"{key}_{part}"] = getattr(principle, part)
    return [values[column] for column in VALUES]


def current_row(
    pk: int, one: Verdict, values: list[Any], change: float | None, counted_in: int | None
) -> tuple[Any, ...]:
    """The row of `CurrentScore`, in the order of CURRENT."""
    judged = one.judgement
    progress = progress_of(judged, one.method)
    extra = {
        "eu_possible": list(judged.classification.possible),
        "eu_articles": list(judged.classification.articles),
        "facts": orjson.dumps({k: v for k, v in judged.facts.items() if v is not False}).decode(),
        "questions_asked": progress.questions_asked,
        "questions_answered": progress.questions_answered,
        "controls_asked": progress.controls_asked,
        "controls_answered": progress.controls_answered,
        "tier": judged.tier,
        "held": orjson.dumps(one.plain["held"]).decode() if one.plain.get("held") else None,
        "change_30d": change,
        **dict(zip(FORECAST, forecast(judged, one.method), strict=True)),
        "counted_in_id": counted_in,
    }
    return (pk, *values, *(extra[column] for column in CURRENT[1 + len(VALUES) :]))


def forecast(judged: Judgement, method: Method) -> list[float]:
    """Overall point on each of the HORIZONS if nobody acts."""
    return [later(judged, judged.day + timedelta(days=days), method).score.point for days in HORIZONS]


def snapshot_row(pk: int, one: Verdict, values: list[Any], before: CurrentScore | None) -> tuple[Any, ...]:
    """The row of `ScoreSnapshot`, in the order of SNAPSHOT; inputs only where they are not those of `before`."""
    known = before is not None and before.digest == one.digest
    moving = moving_text(one.plain)
    return (pk, *values, None if known else dated_text(one.plain).decode(), moving and moving.decode())


def band_change_row(pk: int, before: CurrentScore, one: Verdict) -> tuple[Any, ...]:
    """The row of `BandChange`, in the order of BAND_CHANGE."""
    score = one.judgement.score
    return (pk, one.judgement.day, one.at, before.band, score.band, before.overall_point, score.point)


def coverage_row(pk: int, one: Tally) -> tuple[Any, ...]:
    """The row of `ApplicationCoverage`, in the order of COVERAGE."""
    counts = (one.met, one.partial, one.gap, one.unknown, one.upcoming, one.not_assessed, one.overdue, one.assessed)
    return (pk, one.framework, one.states, *counts, one.low, one.high)


def moved(before: CurrentScore, values: list[Any]) -> bool:
    """Whether an input or the method changed, or a shown value or the band moved: then a snapshot is due."""
    new = dict(zip(VALUES, values, strict=True))
    return (
        before.digest != new["digest"]
        or before.band != new["band"]
        or any(round(getattr(before, c), SHOWN_DECIMALS) != round(new[c], SHOWN_DECIMALS) for c in _FIGURES)
    )
