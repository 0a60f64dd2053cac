"""What operation shows of applications in the last 30 days: alerts, usage and metrics (docs/method.md §4)."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import orjson
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import F, Q, Value
from django.utils import timezone

from inventory.choices import AlertState, Severity
from inventory.connectors.levels import LEVELS
from inventory.models import Alert
from inventory.selectors.dictionary import Names, names
from risk.choices import IncidentState
from risk.method import load_method
from risk.models import Answer, Incident
from risk.scoring.case import APPROVED_FOR, WINDOW_DAYS, Measures, Occurrence, Usage
from risk.scoring.judgement import COUNTED_RATES
from risk.scoring.method import Method
from risk.selectors.keys import Among, array

_OPEN = {AlertState.NEW, AlertState.ACTIVE, AlertState.IN_PROGRESS}
# The latest value of each metric and group; of the groups of a metric the worst counts, since rates of groups of
# unknown size have no mean.
MEASURES = """
WITH latest AS (
    SELECT DISTINCT ON (application_id, metric, "group") application_id, metric, value
    FROM inventory_metric
    WHERE application_id = ANY(%(ids)s::bigint[]) AND at >= %(measured_from)s AND at < %(measured_to)s
    ORDER BY application_id, metric, "group", at DESC, id DESC
)
SELECT application_id, metric, max(value), count(*) FROM latest GROUP BY application_id, metric ORDER BY 1, 2"""
# The use of each application, with what of it was sensitive by labels and information types
_USAGE = """
WITH carried AS (
    SELECT application_id, labels, information_types, sum(interactions) AS n FROM inventory_dailysensitive
    WHERE application_id = ANY(%(ids)s::bigint[]) AND day BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3
), sensitive AS (
    SELECT application_id, json_agg(json_build_array(labels, information_types, n))::text AS carried
    FROM carried GROUP BY 1
), used AS (
    SELECT application_id, sum(interactions)::bigint AS interactions, sum(attacks)::bigint AS attacks
    FROM inventory_dailyusage
    WHERE application_id = ANY(%(ids)s::bigint[]) AND day BETWEEN %(first)s AND %(last)s GROUP BY 1
) SELECT used.*, sensitive.carried FROM used LEFT JOIN sensitive USING (application_id)"""
# Types of alerts that report an attack which was stopped, whatever their case, as types are known (alert_types.py)
_BLOCKED = ("blockedattempt", "blockedjailbreak")


def window_start(day: date) -> date:
    """The first day of the window that ends with `day`."""
    return day - timedelta(days=WINDOW_DAYS - 1)


@dataclass(frozen=True, slots=True)
class Reported:
    """An alert of the window that nobody dismissed, as far as judging needs it."""

    application: int
    severity: str
    tactics: Sequence[str]
    at: datetime
    state: str
    id: int
    title: str
    type: str


def alerts(applications: Sequence[int], day: date) -> list[Reported]:
    """The alerts of the window that nobody dismissed, oldest first; an alert of the day 30 days before still counts as
    an event: it has lost half its weight by then."""
    zone = timezone.get_default_timezone()
    first = datetime.combine(day - timedelta(days=WINDOW_DAYS), time.min, zone)
    after = datetime.combine(day + timedelta(days=1), time.min, zone)
    rows = (
        Alert.objects.filter(Among("application", applications), at__gte=first, at__lt=after)
        .exclude(state=AlertState.DISMISSED)
        .order_by("at", "id")
        .values_list("application_id", "severity", "tactics", "at", "state", "id", "title", "type")
    )
    return [Reported(*row) for row in rows]


def occurrences(
    applications: Sequence[int], day: date, reported: Sequence[Reported] | None = None
) -> dict[int, tuple[Occurrence, ...]]:
    """Alerts and incidents by application, as they stand now. Informational alerts count nothing, dismissed ones are no
    event, and an alert that belongs to an incident which counts is no event of its own before that leaves the window:
    the incident stands for it (docs/decisions/0024).

    `reported`: the `alerts`, where the caller has read them already.
    """
    zone = timezone.get_default_timezone()
    found, stood_for = _incidents(applications, day)
    for one in alerts(applications, day) if reported is None else reported:
        if one.severity != Severity.INFORMATIONAL:
            found[one.application].append(
                Occurrence(
                    severity=one.severity,
                    tactics=tuple(sorted(map(tactic_key, one.tactics))),
                    day=timezone.localdate(one.at, zone),
                    open=one.state in _OPEN,
                    ref=str(one.id),
                    label=one.title,
                    counts_from=stood_for.get(one.id),
                )
            )
    return {application: tuple(events) for application, events in found.items()}


def _incidents(applications: Sequence[int], day: date) -> tuple[dict[int, list[Occurrence]], dict[int, date]]:
    """Incidents of the window by application, and of the alerts that they stand for the first day on which they no
    longer do. A contained one counts as open."""
    theirs = Q(links__alert__application=F("application"))
    counted = (
        Incident.objects.filter(
            Among("application", applications), since__range=(day - timedelta(days=WINDOW_DAYS), day)
        )
        .annotate(stands_for=ArrayAgg("links__alert", filter=theirs, default=Value([])))
        .order_by("since", "id")
    )
    found: dict[int, list[Occurrence]] = defaultdict(list)
    until: dict[int, date] = {}
    columns = ("application_id", "severity", "principles", "since", "state", "id", "title", "stands_for")
    for application, severity, principles, since, state, pk, title, alerts in counted.values_list(*columns):
        until |= dict.fromkeys(alerts, since + timedelta(days=WINDOW_DAYS + 1))
        found[application].append(
            Occurrence(
                severity=severity,
                tactics=(),
                day=since,
                open=state != IncidentState.RESOLVED,
                ref=f"incident-{pk}",
                label=title,
                principles=tuple(sorted(principles)),
            )
        )
    return found, until


def tactic_key(name: str) -> str:
    """The method's word for a tactic: "InitialAccess", "Initial Access" and "initial-access" are one."""
    spaced = "".join(f" {c}" if c.isupper() and i and name[i - 1].islower() else c for i, c in enumerate(name.strip()))
    return "_".join(spaced.replace("-", " ").replace("_", " ").lower().split())


def usage(
    applications: Sequence[int],
    day: date,
    reported: Sequence[Reported] | None = None,
    approved: Mapping[int, object] | None = None,
    dictionary: Callable[[], Names] = names,
) -> dict[int, Usage]:
    """Counts of the window by application; no entry where nothing was used.

    Attacks are the marked interactions and the alerts of a blocked one; a dismissed alert was none. Sensitive are those
    above what the application is approved for, of which nothing is known where nobody has answered. `reported` (the
    `alerts`) and `approved` (the answer to what it is approved for, by application): where the caller has them already.
    `dictionary`: where labels and types are read from, if any is named.
    """
    with connection.cursor() as cursor:
        cursor.execute(_USAGE, {"ids": array(applications), "first": window_start(day), "last": day})
        rows = cursor.fetchall()
    blocked = _blocked_attempts(alerts(applications, day) if reported is None else reported, day)
    above = _above_each_level(
        {application: orjson.loads(sensitive) for application, _, _, sensitive in rows if sensitive}, dictionary
    )
    levels_of = _approved_for(above) if approved is None else approved
    found = {}
    for application, total, attacks, _ in rows:
        mine, levels = blocked.get(application, frozenset()), above.get(application, {})
        sensitive = levels.get(str(levels_of.get(application, "")), 0)
        found[application] = Usage(total, sensitive, attacks + len(mine), levels, mine)
    return found


def _above_each_level(
    sensitive: Mapping[int, Sequence[tuple[Sequence[str], Sequence[str], int]]], dictionary: Callable[[], Names]
) -> dict[int, dict[str, int]]:
    """Interactions with a label or information type above each level that an application may be approved for
    (docs/method.md §4), by application and level, of counts by (labels, information types); only of applications with
    any that is ranked.

    What the dictionary doesn't rank counts here nowhere, though it shows in the usage figures.
    """
    known = dictionary() if sensitive else Names([], [])
    found: dict[int, dict[str, int]] = {}
    for application, rows in sensitive.items():
        for labels, types, count in rows:
            rank = known.rank(labels, types)
            if rank is not None:
                levels = found.setdefault(application, dict.fromkeys(LEVELS, 0))
                for level in LEVELS[:rank]:
                    levels[level] += count
    return found


def _approved_for(applications: Collection[int]) -> dict[int, object]:
    """What each of these is approved for, where somebody has answered."""
    if not applications:
        return {}
    given = Answer.objects.filter(application__in=list(applications), question=APPROVED_FOR).order_by()
    return dict(given.values_list("application_id", "value"))


def _blocked_attempts(reported: Sequence[Reported], day: date) -> dict[int, frozenset[str]]:
    """Alerts of the window that report a blocked attack, by application."""
    first = datetime.combine(window_start(day), time.min, timezone.get_default_timezone())
    found: dict[int, set[str]] = defaultdict(set)
    for one in reported:
        if one.at >= first and any(word in one.type.lower() for word in _BLOCKED):
            found[one.application].add(str(one.id))
    return {application: frozenset(refs) for application, refs in found.items()}


def counted_metrics(method: Method) -> frozenset[str]:
    """The metrics that move a score: drift, and the rates that aren't counted from use."""
    return frozenset({method.drift.id, *method.rates}.difference(COUNTED_RATES))


def measures(applications: Sequence[int], day: date) -> dict[int, Measures]:
    """Metrics of the window by application; no entry where none was delivered.

    Counted are the rates that the method takes from metrics, and drift; of each its latest value, of several groups the
    worst. Below zero is no risk.
    """
    with connection.cursor() as cursor:
        cursor.execute(MEASURES, {"ids": array(applications), **measured(day)})
        return measures_of(cursor.fetchall())


def measured(day: date) -> dict[str, datetime]:
    """The parameters of MEASURES for the window that ends with a day, beside `ids`."""
    zone = timezone.get_default_timezone()
    first, after = window_start(day), day + timedelta(days=1)
    return {
        "measured_from": datetime.combine(first, time.min, zone),
        "measured_to": datetime.combine(after, time.min, zone),
    }


def measures_of(rows: Iterable[tuple[int, str, float, int]]) -> dict[int, Measures]:
    """The rows of MEASURES by application."""
    counts: dict[int, int] = defaultdict(int)
    values: dict[int, dict[str, float]] = defaultdict(dict)
    wanted = counted_metrics(load_method())
    for application, metric, value, count in rows:
        counts[application] += count
        if metric in wanted:
            values[application][metric] = max(0.0, value)
    return {application: Measures(count, values.get(application, {})) for application, count in counts.items()}
