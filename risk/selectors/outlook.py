"""What the score of an application will be if nobody acts, for its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from risk.choices import OVERALL
from risk.method import load_method
from risk.scoring.compare import CauseKind
from risk.scoring.forecast import course, forecast, later
from risk.scoring.judgement import Judgement
from risk.scoring.what_if import value_of
from risk.selectors.causes import Change, changes, shown_change
from risk.selectors.history import Moment


@dataclass(frozen=True, slots=True)
class Horizon:
    """The score so many days ahead: its difference from today's, and what makes it."""

    days: int
    day: date
    point: float
    low: float
    high: float
    band: str
    change: float
    rises: bool  # to a worse band than today's
    causes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Ahead:
    """The horizons, and the course there, a value each week and on each day on which something runs out."""

    horizons: Sequence[Horizon]
    course: Sequence[Moment]

    @property
    def moves(self) -> bool:
        """Whether anything changes at all."""
        return any(one.change for one in self.horizons)


def ahead(judgement: Judgement, measure: str = OVERALL) -> Ahead:
    """The forecast of one application from a judgement, overall or for a principle."""
    method = load_method()
    now = value_of(judgement.score, measure)
    order = [name for name, __ in method.bands]
    found = []
    for one in forecast(judgement, method):
        score = one.score if measure == OVERALL else one.score.principles[measure]
        change = shown_change(now, score.point)
        band = method.band(score.point)
        worded = changes(one.causes, later(judgement, one.day, method), method, change, measure)
        found.append(
            Horizon(
                days=one.days,
                day=one.day,
                point=score.point,
                low=score.low,
                high=score.high,
                band=band,
                change=change,
                rises=order.index(band) > order.index(method.band(now)),
                causes=short([change for change in worded if change.amount]),
            )
        )
    return Ahead(tuple(found), tuple(_moment(one, measure) for one in course(judgement, method)))


def short(worded: list[Change]) -> list[Change]:
    """The causes with fading alerts once, those that leave the window among them; one that counts again stays apart."""
    fading = [one for one in worded if one.kind in (CauseKind.FADING, CauseKind.ALERT) and one.amount < 0]
    if len(fading) < 2:
        return worded
    amount = round(sum(one.amount for one in fading), 1)
    first = next((one for one in fading if one.kind is CauseKind.FADING), fading[0])
    words = _("an alert fades to half its weight in 30 days, and no longer counts after that")
    joined = Change(CauseKind.FADING, first.word, "", _("Alerts grow old"), words, amount)
    return sorted([one for one in worded if one not in fading] + [joined], key=lambda one: -abs(one.amount))


def _moment(one: Judgement, measure: str) -> Moment:
    score = one.score if measure == OVERALL else one.score.principles[measure]
    return Moment(one.day, score.low, score.point, score.high, load_method().band(score.point))
