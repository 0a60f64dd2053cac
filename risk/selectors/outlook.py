"""What the score of an application will be if nobody acts, for its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from inventory.models import Department
from risk.choices import OVERALL
from risk.method import load_method
from risk.models import CurrentScore
from risk.scoring.compare import CauseKind
from risk.scoring.fitness import NotComputableError, judge_fit
from risk.scoring.forecast import HORIZONS, Outlook, course, forecast, later, outlook
from risk.scoring.judgement import Judgement
from risk.scoring.what_if import value_of
from risk.selectors import cases
from risk.selectors.causes import Change, changes, shown_change
from risk.selectors.history import Moment

RISING_ROWS = 6  # of applications whose band rises, judged for their reasons


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
    found = [_horizon(judgement, one, measure) for one in forecast(judgement, method)]
    return Ahead(tuple(found), tuple(_moment(one, measure) for one in course(judgement, method)))


def _horizon(judgement: Judgement, one: Outlook, measure: str = OVERALL) -> Horizon:
    method = load_method()
    now = value_of(judgement.score, measure)
    score = one.score if measure == OVERALL else one.score.principles[measure]
    change = shown_change(now, score.point)
    worded = changes(one.causes, later(judgement, one.day, method), method, change, measure)
    return Horizon(
        days=one.days,
        day=one.day,
        point=score.point,
        low=score.low,
        high=score.high,
        band=method.band(score.point),
        change=change,
        rises=_worse(score.point, now),
        causes=_short([change for change in worded if change.amount]),
    )


def _worse(point: float, now: float) -> bool:
    """Whether a point lies in a worse band."""
    method = load_method()
    order = [name for name, _ in method.bands]
    return order.index(method.band(point)) > order.index(method.band(now))


def _short(worded: list[Change]) -> list[Change]:
    """Fading alerts once, those that leave the window among them."""
    fading = [one for one in worded if one.kind in (CauseKind.FADING, CauseKind.ALERT)]
    if len(fading) < 2:
        return worded
    amount = round(sum(one.amount for one in fading), 1)
    first = next((one for one in fading if one.kind is CauseKind.FADING), fading[0])
    words = "an alert fades to half its weight in 30 days, and no longer counts after that"
    joined = Change(CauseKind.FADING, first.word, "", "Alerts grow old", words, amount)
    return sorted([one for one in worded if one not in fading] + [joined], key=lambda one: -abs(one.amount))


def _moment(one: Judgement, measure: str) -> Moment:
    score = one.score if measure == OVERALL else one.score.principles[measure]
    return Moment(one.day, score.low, score.point, score.high, load_method().band(score.point))


@dataclass(frozen=True, slots=True)
class Rising:
    """An application that will be in a worse band, by the first horizon on which it is, and what moves it there."""

    id: int
    name: str
    department: str
    point: float
    band: str
    horizon: Horizon


def rising(departments: QuerySet[Department], day: date, most: int = RISING_ROWS) -> list[Rising]:
    """The live applications counted in these departments whose band rises within 90 days if nobody acts, the worst
    first. The stored forecast says which; the few that are shown are judged for the reasons."""
    # Their ids first: the index for roll-ups has all that decides, the rows are wide
    found = CurrentScore.objects.filter(_rises(), counted_in__in=departments.order_by().values("pk"))
    ids = list(found.order_by("-overall_90d", "application_id").values_list("pk", flat=True)[:most])
    known = CurrentScore.objects.select_related("application__department").in_bulk(ids)
    rows = [known[pk] for pk in ids if pk in known]
    stored = cases.load([row.pk for row in rows], day) if rows else {}
    method = load_method()
    judged = []
    for row in rows:
        before = cases.previous(row, method)
        try:
            judgement = judge_fit(stored[row.pk], day, method, before)
        except NotComputableError:  # since the score was stored; its own page says why
            continue
        horizon = _first_rise(judgement)
        if horizon is not None:
            department = row.application.department.name
            judged.append(Rising(row.pk, row.application.name, department, row.overall_point, row.band, horizon))
    return judged


def _first_rise(judgement: Judgement) -> Horizon | None:
    """The first horizon in a worse band. Only there the causes are worked out, which costs many times a judgement."""
    method, now = load_method(), judgement.score.point
    ahead = (later(judgement, judgement.day + timedelta(days=days), method) for days in HORIZONS)
    first = next((one for one in ahead if _worse(one.score.point, now)), None)
    return _horizon(judgement, outlook(judgement, first, method)) if first else None


def _rises() -> Q:
    """That the stored forecast crosses into a worse band on any horizon."""
    crossing = Q()
    for _, edge in load_method().bands[1:]:
        later = Q(overall_30d__gte=edge) | Q(overall_60d__gte=edge) | Q(overall_90d__gte=edge)
        crossing |= Q(overall_point__lt=edge) & later
    return crossing
