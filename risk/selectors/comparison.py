"""Two judgements of one application side by side: what changed between them, and what each change did to the score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.models import AIApplication, User
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
from risk.selectors.history import end_of, why_not_computable
from risk.selectors.inherited import told
from risk.selectors.replay import judged_again

CLASS_LABEL = gettext_lazy("Class under the EU AI Act")
# A day stands for the judgement in force at its end; an id for that very snapshot
When: TypeAlias = date | int


class NoFigureError(Exception):
    """On that day the application was not computable, for `reason`."""

    def __init__(self, day: date, reason: str) -> None:
        self.day, self.reason = day, reason
        super().__init__(f"{day:%-d %B %Y}: {reason}")


@dataclass(frozen=True, slots=True)
class Side:
    """The score that was in force on a day: judged as of `as_of`, which is that day or the last one that had news.

    `snapshot` and `computed_at` where one judgement was asked for and not a day.
    """

    day: date
    as_of: date
    method: str
    low: float
    point: float
    high: float
    band: str
    eu_class: str | None
    possible: Sequence[str]
    snapshot: int | None
    computed_at: datetime | None

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
    application: AIApplication,
    before: When,
    after: When,
    today: date,
    measure: str = OVERALL,
    user: User | None = None,
) -> Comparison | None:
    """Compare two judgements, each the one in force on a day (today's is that of this moment) or a stored snapshot; the
    earlier one is put first. Platforms are named for `user` (None: the console, which sees all).

    None where the application had no score on the earlier day, or a snapshot isn't kept. Raises NoFigureError where it
    was not computable, and MethodError where a method that made one of them is gone.
    """
    found = [_at(application, when, today) for when in (before, after)]
    pair = [one for one in found if one is not None]
    if len(pair) < 2:
        return None
    old, new = sorted(pair, key=lambda one: (one.until, one.snapshot or 0))
    total = shown_change(value_of(old.judgement.score, measure), value_of(new.judgement.score, measure))
    causes = differences(old.judgement, new.judgement, old.method, new.method)
    worded = changes(causes, new.judgement, new.method, total, measure)
    worded = told(user, application, worded, old.until, new.until)
    moved = [one for one in worded if one.amount]
    return Comparison(
        measure=measure,
        label=_("Overall risk") if measure == OVERALL else str(Principle(measure).label),
        before=_side(old, measure),
        after=_side(new, measure),
        total=total,
        changes=moved,
        idle=[one for one in worded if not one.amount],
        parts=_parts(_bars(old, measure), _bars(new, measure), moved),
    )


@dataclass(frozen=True, slots=True)
class _Point:
    """A judgement with its method, the day or snapshot by which it was asked for, and the moment up to which it saw."""

    judgement: Judgement
    method: Method
    day: date
    until: datetime
    snapshot: int | None = None


def _at(application: AIApplication, when: When, today: date) -> _Point | None:
    """What is asked for, a stored snapshot judged again from its inputs."""
    stored = ScoreSnapshot.objects.with_inputs().filter(application=application)
    if isinstance(when, int):
        one = stored.filter(pk=when).first()
        return _Point(*judged_again(one), one.as_of, one.computed_at, one.pk) if one else None
    if when >= today:
        return _Point(cases.judge_now(application, today), load_method(), when, end_of(when))
    if reason := why_not_computable(application.pk, end_of(when)):
        raise NoFigureError(when, reason)
    one = stored.filter(as_of__lte=when).order_by("-as_of", "-id").first()
    return _Point(*judged_again(one), when, end_of(when)) if one else None


def _side(one: _Point, measure: str) -> Side:
    judgement = one.judgement
    score = judgement.score if measure == OVERALL else judgement.score.principles[measure]
    return Side(
        day=one.day,
        as_of=judgement.day,
        method=one.method.version,
        low=score.low,
        point=score.point,
        high=score.high,
        band=one.method.band(score.point),
        eu_class=judgement.classification.class_,
        possible=judgement.classification.possible,
        snapshot=one.snapshot,
        computed_at=one.until if one.snapshot else None,
    )


def _bars(one: _Point, measure: str) -> Mapping[tuple[str, str], Contribution]:
    explained = explain(one.judgement.inputs, one.method)
    part = explained if measure == OVERALL else explained.principles[measure]
    bars, __ = shown(part.contributions, part.point)
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
        label = str(CLASS_LABEL) if key[1] == EU_CLASS_FACTOR else label[:1].upper() + label[1:]
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
