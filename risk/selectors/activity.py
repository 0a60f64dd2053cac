"""What feeds saw of one application: use by day and department, alerts, metrics, and the signals its score counts."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.connectors.levels import LEVELS
from inventory.models import AIApplication, Alert, DailySensitive, Metric
from inventory.selectors.dictionary import Names, names
from risk.choices import Principle
from risk.method import load_method
from risk.scoring.case import Occurrence
from risk.scoring.formulas import signal_loads
from risk.scoring.judgement import Judgement
from risk.scoring.vocabulary import Kind
from risk.selectors.signals import counted_metrics
from risk.selectors.summary import Part

ALERTS_SHOWN = 50
CARRIED_SHOWN = 50
METRICS_SHOWN = 20
GROUPS_SHOWN = 12


# The sums as a whole, by day and by department, told apart by what they are not grouped by
_WHOLE, _BY_DAY, _BY_DEPARTMENT = 3, 1, 2
_USE = """
SELECT grouping(used.day, used.department_id), used.day, department.name, ARRAY[
    sum(interactions), sum(sensitive), sum(jailbreak), sum(injection), sum(visits), sum(uploaded),
    (SELECT count(DISTINCT pseudonym) FROM inventory_dailyuser
     WHERE application_id = %(application)s AND day BETWEEN %(first)s AND %(last)s)]::bigint[]
FROM inventory_dailyusage used LEFT JOIN inventory_department department ON department.id = used.department_id
WHERE used.application_id = %(application)s AND used.day BETWEEN %(first)s AND %(last)s
GROUP BY GROUPING SETS ((), (used.day), (used.department_id, department.name))
ORDER BY sum(interactions) DESC, department.name"""


@dataclass(frozen=True, slots=True)
class Use:
    """Figures of a period. `people` are distinct over the whole period, which is why they are not a sum of days."""

    first: date
    last: date
    interactions: int
    sensitive: int
    jailbreak: int
    injection: int
    visits: int  # to its site, which are no interactions
    uploaded: int  # bytes sent with the visits
    people: int
    days: Sequence[tuple[date, int]]
    departments: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Signal:
    """An alert or a rate as the score counts it: its load at full weight, and the principles it presses on. Of an
    event also its day, severity and whether it is open."""

    kind: Kind
    label: str
    load: float
    principles: tuple[str, ...]
    key: str = ""  # of a rate its name, of an event its reference
    day: date | None = None
    severity: str = ""
    open: bool = False
    points: float | None = None  # of the shown score, by its explanation; None: none was asked for
    url: str = ""  # of its page, which the door fills in


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric's latest values as people read them: of all, and by group with the largest first.

    `ratio`: the smallest value of a group over the largest, which is what fairness is told by (below 0.8 a difference
    deserves a look); None with fewer than two groups, where a value is not positive, and for a metric that `counts`,
    that is, moves the score: there less is better, and equal is not the aim.
    """

    metric: str
    label: str
    at: datetime
    whole: str
    groups: Sequence[tuple[str, str]]
    more_groups: int
    ratio: float | None
    counts: bool


def metrics_of(application: AIApplication, today: date, period: int) -> list[MetricRow]:
    """The metrics delivered in the last `period` days, those that move the score first."""
    zone = timezone.get_default_timezone()
    first = datetime.combine(today - timedelta(days=period - 1), time.min, zone)
    rows = (
        Metric.objects.filter(application=application, at__gte=first)
        .filter(at__lt=datetime.combine(today + timedelta(days=1), time.min, zone))
        .order_by("metric", "group", "-at", "-id")
        .distinct("metric", "group")
        .values_list("metric", "group", "value", "at")
    )
    found: dict[str, list[tuple[str, float, datetime]]] = defaultdict(list)
    for metric, group, value, at in rows.iterator(2000):
        found[metric].append((group, value, at))
    counting = counted_metrics(load_method())
    made = [_metric_row(metric, values, metric in counting) for metric, values in found.items()]
    return sorted(made, key=lambda one: (not one.counts, one.metric))[:METRICS_SHOWN]


def _metric_row(metric: str, values: Sequence[tuple[str, float, datetime]], counts: bool) -> MetricRow:
    groups = sorted(((group, value) for group, value, _ in values if group), key=lambda one: (-one[1], one[0]))
    comparable = not counts and len(groups) > 1 and groups[-1][1] > 0
    return MetricRow(
        metric=metric,
        label=_words(metric),
        at=max(at for _, _, at in values),
        whole=next((_figure(value) for group, value, _ in values if not group), ""),
        groups=[(group, _figure(value)) for group, value in groups[:GROUPS_SHOWN]],
        more_groups=max(0, len(groups) - GROUPS_SHOWN),
        ratio=groups[-1][1] / groups[0][1] if comparable else None,
        counts=counts,
    )


def _figure(value: float) -> str:
    """Three decimals at most; what is too small for them by its first three digits."""
    if value and abs(value) < 0.001:
        return f"{value:.3g}"
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def usage_of(application: AIApplication, today: date, period: int) -> Use:
    """Use in the last `period` days, whoever used it: who may see an application sees all its usage (contracts §2)."""
    first = today - timedelta(days=period - 1)
    with connection.cursor() as cursor:
        cursor.execute(_USE, {"application": application.pk, "first": first, "last": today})
        rows = cursor.fetchall()
    (total,) = (sums for kind, *_, sums in rows if kind == _WHOLE)
    # Not where its site was only visited
    used = [(kind, day, name, sums[0]) for kind, day, name, sums in rows if sums[0]]
    interactions, sensitive, jailbreak, injection, visits, uploaded, people = (value or 0 for value in total)
    return Use(
        first=first,
        last=today,
        interactions=interactions,
        sensitive=sensitive,
        jailbreak=jailbreak,
        injection=injection,
        visits=visits,
        uploaded=uploaded,
        people=people,
        days=sorted((day, count) for kind, day, _, count in used if kind == _BY_DAY),
        departments=[(name or _("Unassigned"), count) for kind, __, name, count in used if kind == _BY_DEPARTMENT],
    )


@dataclass(frozen=True, slots=True)
class Carried:
    """A label or information type that interactions carried; `above`: more sensitive than the application is approved
    for, None where the dictionary or the questionnaire doesn't say."""

    name: str
    what: str
    level: str
    above: bool | None
    interactions: int


def carried_by(
    application: AIApplication, approved: object, today: date, period: int, dictionary: Callable[[], Names] = names
) -> list[Carried]:
    """Labels and information types in the last `period` days by name, most frequent first. An interaction with
    several counts in each. `approved`: the answer to `data_sensitivity`; `dictionary`: where it is read from."""
    first = today - timedelta(days=period - 1)
    rows = DailySensitive.objects.filter(application=application, day__range=(first, today)).order_by()
    counts: Counter[tuple[bool, str]] = Counter()  # whether it is a label, and its id
    for labels, types, count in rows.values_list("labels", "information_types").annotate(n=Sum("interactions")):
        counts.update({(True, one): count for one in labels} | {(False, one): count for one in types})
    ranked = dictionary() if counts else Names([], [])
    found = []
    for (is_label, given), count in counts.most_common(CARRIED_SHOWN):
        known = ranked.label(given) if is_label else ranked.type(given)
        sayable = known.level in LEVELS and approved in LEVELS
        above = LEVELS.index(known.level) > LEVELS.index(str(approved)) if sayable else None
        found.append(
            Carried(known.path, _("Label") if is_label else _("Information type"), known.level_name, above, count)
        )
    return found


def alerts_of(application: AIApplication) -> list[Alert]:
    """The newest alerts."""
    return list(Alert.objects.filter(application=application)[:ALERTS_SHOWN])


def signals_of(judgement: Judgement) -> list[Signal]:
    """What presses on the score now, strongest first (docs/method.md §4)."""
    happened = {one.ref: one for one in judgement.case.occurrences if one.ref}
    found = [
        Signal(
            **_of_event(happened.get(key)),
            kind=kind,
            label=label or _words(key),
            load=load,
            principles=tuple(str(Principle(p).label) for p, weight in weights.items() if weight),
            key=key,
        )
        for kind, key, label, load, weights in signal_loads(judgement.inputs.signals, load_method())
    ]
    return sorted(found, key=lambda one: -one.load)


def _of_event(one: Occurrence | None) -> dict[str, Any]:
    return {} if one is None else {"day": one.day, "severity": one.severity, "open": one.open}


def moved_by(judgement: Judgement, parts: Sequence[Part]) -> list[Signal]:
    """The signals behind an explained score, each with the points that it adds there, most first."""
    points = {(part.kind, part.key): part.amount for part in parts}
    found = [replace(one, points=points.get((one.kind, one.key), 0.0)) for one in signals_of(judgement)]
    return sorted(found, key=lambda one: -(one.points or 0.0))


def _words(key: str) -> str:
    return key.replace("_", " ").capitalize()
