"""Two days of one application side by side: what changed between them, and what each change did to the score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from inventory.models import AIApplication
from risk.choices import OVERALL, EUClass, Principle
from risk.method import load_method
from risk.models import ScoreSnapshot
from risk.scoring.application import Contribution
from risk.scoring.compare import differences
from risk.scoring.explain import explain, shown
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.vocabulary import EU_CLASS_FACTOR
from risk.scoring.what_if import value_of
from risk.selectors import cases
from risk.selectors.causes import Change, changes, shown_change
from risk.selectors.replay import judged_again

CLASS_LABEL = "Class under the EU AI Act"


@dataclass(frozen=True, slots=True)
class Side:
    """The score that was in force on a day: judged as of `as_of`, which is that day or the last one that had news."""

    day: date
    as_of: date
    method: str
    low: float
    point: float
    high: float
    band: str
    eu_class: str | None
    possible: Sequence[str]

    @property
    def prohibited(self) -> bool:
        """Whether it was a prohibited practice: a gate and never a number."""
        return self.eu_class == EUClass.PROHIBITED


@dataclass(frozen=True, slots=True)
class PartChange:
    """A part of the explanation then and now, each rounded so that its side adds up to the score shown. `why`: the
    changes behind it; empty where it only moved along with the others."""

    kind: str
    key: str
    label: str
    before: float
    after: float
    change: float
    why: str


@dataclass(frozen=True, slots=True)
class Unmoved:
    """The parts that are the same on both sides: how many, and what they make together."""

    count: int
    amount: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`changes` with an effect add up to `total`, as do the differences of `parts`. `idle`: changes without effect."""

    measure: str
    label: str
    before: Side
    after: Side
    total: float
    changes: Sequence[Change]
    idle: Sequence[Change]
    parts: Sequence[PartChange]

    @property
    def gated(self) -> bool:
        """Whether a side is a prohibited practice, so that there is no difference to tell."""
        return self.before.prohibited or self.after.prohibited

    @property
    def unmoved(self) -> Unmoved | None:
        """What the parts that stayed the same make; None where each moved."""
        same = [one.after for one in self.parts if not one.change]
        return Unmoved(len(same), round(sum(same), 1)) if same else None


def first_day(application: AIApplication) -> date | None:
    """The day of the first score; None where there is none yet."""
    return (
        ScoreSnapshot.objects.filter(application=application)
        .order_by("as_of", "id")
        .values_list("as_of", flat=True)
        .first()
    )


def compare(
    application: AIApplication, before: date, after: date, today: date, measure: str = OVERALL
) -> Comparison | None:
    """Compare the scores in force on two days; today's is the judgement of this moment. None where the application had
    no score on the earlier one. Raises MethodError where a method that made one of them is gone."""
    old = _at(application, before, today)
    new = _at(application, after, today)
    if old is None or new is None:
        return None
    (was, was_method), (now, now_method) = old, new
    total = shown_change(value_of(was.score, measure), value_of(now.score, measure))
    found = changes(differences(was, now, was_method, now_method), now, now_method, total, measure)
    moved = [one for one in found if one.amount]
    return Comparison(
        measure=measure,
        label="Overall risk" if measure == OVERALL else Principle(measure).label,
        before=_side(before, was, was_method, measure),
        after=_side(after, now, now_method, measure),
        total=total,
        changes=moved,
        idle=[one for one in found if not one.amount],
        parts=_parts(_bars(was, was_method, measure), _bars(now, now_method, measure), moved),
    )


def _at(application: AIApplication, day: date, today: date) -> tuple[Judgement, Method] | None:
    """The judgement in force on a day, made again from its snapshot, with its method."""
    if day >= today:
        return cases.judge_now(application, today), load_method()
    snapshots = ScoreSnapshot.objects.with_inputs().filter(application=application, as_of__lte=day)
    snapshot = snapshots.order_by("-as_of", "-id").first()
    return judged_again(snapshot) if snapshot else None


def _side(day: date, judgement: Judgement, method: Method, measure: str) -> Side:
    score = judgement.score if measure == OVERALL else judgement.score.principles[measure]
    return Side(
        day=day,
        as_of=judgement.day,
        method=method.version,
        low=score.low,
        point=score.point,
        high=score.high,
        band=method.band(score.point),
        eu_class=judgement.classification.class_,
        possible=judgement.classification.possible,
    )


def _bars(judgement: Judgement, method: Method, measure: str) -> Mapping[tuple[str, str], Contribution]:
    explained = explain(judgement.inputs, method)
    one = explained if measure == OVERALL else explained.principles[measure]
    bars, _ = shown(one.contributions, one.point)
    return {(bar.kind, bar.key): bar for bar in bars}


def _parts(
    old: Mapping[tuple[str, str], Contribution],
    new: Mapping[tuple[str, str], Contribution],
    moved: Sequence[Change],
) -> list[PartChange]:
    why: dict[str, list[str]] = {}
    for one in moved:
        why.setdefault(one.key, []).append(one.what)
    found = []
    for key in dict.fromkeys((*new, *old)):
        before, after = (bars[key].value if key in bars else 0.0 for bars in (old, new))
        label = (new.get(key) or old[key]).label
        label = CLASS_LABEL if key[1] == EU_CLASS_FACTOR else label[:1].upper() + label[1:]
        found.append(
            PartChange(
                kind=key[0],
                key=key[1],
                label=label,
                before=before,
                after=after,
                change=round(after - before, 1),
                why="; ".join(why.get(key[1], ())) if after != before else "",
            )
        )
    return sorted(found, key=lambda one: -abs(one.change))
