"""What operation shows of applications in the last 30 days: alerts, usage and metrics (docs/method.md §4)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from django.db import connection
from django.db.models import F, Q, Sum
from django.utils import timezone

from inventory.choices import AlertState, Severity
from inventory.connectors.levels import LEVELS
from inventory.models import Alert, DailySensitive, DailyUsage
from inventory.selectors.dictionary import names
from risk.choices import IncidentState
from risk.method import load_method
from risk.models import Answer, Incident, IncidentAlert
from risk.scoring.case import APPROVED_FOR, WINDOW_DAYS, Measures, Occurrence, Usage
from risk.scoring.judgement import COUNTED_RATES
from risk.scoring.method import Method
from risk.selectors.keys import Among

_OPEN = {AlertState.NEW, AlertState.ACTIVE, AlertState.IN_PROGRESS}
# The latest value of each metric and group; of the groups of a metric the worst counts, since rates of groups of
# unknown size have no mean.
_MEASURES = """
WITH latest AS (
    SELECT DISTINCT ON (application_id, metric, "group") application_id, metric, value
    FROM inventory_metric WHERE application_id = ANY(%s) AND at >= %s AND at < %s
    ORDER BY application_id, metric, "group", at DESC, id DESC
)
SELECT application_id, metric, max(value), count(*) FROM latest GROUP BY application_id, metric ORDER BY 1, 2"""
# Types of alerts that report an attack which was stopped, whatever their case, as types are known (alert_types.py)
_BLOCKED = Q(type__icontains="BlockedAttempt") | Q(type__icontains="BlockedJailbreak")


def window_start(day: date) -> date:
    """The first day of the window that ends with `day`."""
    return day - timedelta(days=WINDOW_DAYS - 1)


def occurrences(applications: Sequence[int], day: date) -> dict[int, tuple[Occurrence, ...]]:
    """Alerts and incidents by application, as they stand now. Informational alerts count nothing, dismissed ones are no
    event, and an alert that belongs to an incident which counts is no event of its own before that leaves the window:
    the incident stands for it (docs/decisions/0024).

    An alert of the day 30 days before still counts: it has lost half its weight by then.
    """
    zone = timezone.get_default_timezone()
    first = datetime.combine(day - timedelta(days=WINDOW_DAYS), time.min, zone)
    after = datetime.combine(day + timedelta(days=1), time.min, zone)
    found, stood_for = _incidents(applications, day)
    rows = (
        Alert.objects.filter(Among("application", applications), at__gte=first, at__lt=after)
        .exclude(severity=Severity.INFORMATIONAL)
        .exclude(state=AlertState.DISMISSED)
        .order_by("at", "id")
        .values_list("application_id", "severity", "tactics", "at", "state", "id", "title")
    )
    for application, severity, tactics, at, state, pk, title in rows:
        found[application].append(
            Occurrence(
                severity=severity,
                tactics=tuple(sorted(map(tactic_key, tactics))),
                day=timezone.localdate(at, zone),
                open=state in _OPEN,
                ref=str(pk),
                label=title,
                counts_from=stood_for.get(pk),
            )
        )
    return {application: tuple(events) for application, events in found.items()}


def _incidents(applications: Sequence[int], day: date) -> tuple[dict[int, list[Occurrence]], dict[int, date]]:
    """Incidents of the window by application, and of the alerts that they stand for the first day on which they no
    longer do. A contained one counts as open."""
    counted = Incident.objects.filter(
        Among("application", applications), since__range=(day - timedelta(days=WINDOW_DAYS), day)
    ).order_by()
    found: dict[int, list[Occurrence]] = defaultdict(list)
    columns = ("application_id", "severity", "principles", "since", "state", "id", "title")
    for application, severity, principles, since, state, pk, title in counted.order_by("since", "id").values_list(
        *columns
    ):
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
    links = IncidentAlert.objects.filter(
        incident__in=counted.values("pk"), alert__application=F("incident__application")
    )
    until = links.values_list("alert_id", "incident__since") if found else ()
    return found, {alert: since + timedelta(days=WINDOW_DAYS + 1) for alert, since in until}


def tactic_key(name: str) -> str:
    """The method's word for a tactic: "InitialAccess", "Initial Access" and "initial-access" are one."""
    spaced = "".join(f" {c}" if c.isupper() and i and name[i - 1].islower() else c for i, c in enumerate(name.strip()))
    return "_".join(spaced.replace("-", " ").replace("_", " ").lower().split())


def usage(applications: Sequence[int], day: date) -> dict[int, Usage]:
    """Counts of the window by application; no entry where nothing was used.

    Attacks are the marked interactions and the alerts of a blocked one; a dismissed alert was none. Sensitive are those
    above what the application is approved for, of which nothing is known where nobody has answered.
    """
    rows = (
        DailyUsage.objects.filter(Among("application", applications), day__range=(window_start(day), day))
        .order_by()
        .values("application_id")
        .annotate(interactions=Sum("interactions"), attacks=Sum("attacks"))
        .values_list("application_id", "interactions", "attacks")
    )
    blocked, above = _blocked_attempts(applications, day), above_each_level(applications, day)
    approved = _approved_for(above)
    found = {}
    for application, total, attacks in rows:
        mine, levels = blocked.get(application, frozenset()), above.get(application, {})
        sensitive = levels.get(approved.get(application, ""), 0)
        found[application] = Usage(total, sensitive, attacks + len(mine), levels, mine)
    return found


def above_each_level(applications: Sequence[int], day: date) -> dict[int, dict[str, int]]:
    """Interactions of the window with a label or information type above each level that an application may be approved
    for (docs/method.md §4), by application and level; only of applications with any that is ranked.

    What the dictionary doesn't rank counts here nowhere, though it shows in the usage figures.
    """
    dictionary = names()
    if not dictionary:
        return {}
    rows = (
        DailySensitive.objects.filter(Among("application", applications), day__range=(window_start(day), day))
        .order_by()
        .values("application_id", "labels", "information_types")
        .annotate(n=Sum("interactions"))
        .values_list("application_id", "labels", "information_types", "n")
    )
    found: dict[int, dict[str, int]] = {}
    for application, labels, types, count in rows:
        rank = dictionary.rank(labels, types)
        if rank is not None:
            levels = found.setdefault(application, dict.fromkeys(LEVELS, 0))
            for level in LEVELS[:rank]:
                levels[level] += count
    return found


def _approved_for(applications: Iterable[int]) -> dict[int, str]:
    """What each of these is approved for, where somebody has answered."""
    given = Answer.objects.filter(application__in=list(applications), question=APPROVED_FOR).order_by()
    return {
        application: value for application, value in given.values_list("application_id", "value") if value in LEVELS
    }


def _blocked_attempts(applications: Sequence[int], day: date) -> dict[int, frozenset[str]]:
    """Alerts of the window that report a blocked attack, by application."""
    zone = timezone.get_default_timezone()
    rows = (
        Alert.objects.filter(_BLOCKED, Among("application", applications))
        .filter(at__gte=datetime.combine(window_start(day), time.min, zone))
        .filter(at__lt=datetime.combine(day + timedelta(days=1), time.min, zone))
        .exclude(state=AlertState.DISMISSED)
        .order_by()
    )
    found: dict[int, set[str]] = defaultdict(set)
    for application, pk in rows.values_list("application_id", "pk"):
        found[application].add(str(pk))
    return {application: frozenset(refs) for application, refs in found.items()}


def counted_metrics(method: Method) -> frozenset[str]:
    """The metrics that move a score: drift, and the rates that aren't counted from use."""
    return frozenset({method.drift.id, *method.rates}.difference(COUNTED_RATES))


def measures(applications: Sequence[int], day: date) -> dict[int, Measures]:
    """Metrics of the window by application; no entry where none was delivered.

    Counted are the rates that the method takes from metrics, and drift; of each its latest value, of several groups the
    worst. Below zero is no risk.
    """
    zone, method = timezone.get_default_timezone(), load_method()
    first = datetime.combine(window_start(day), time.min, zone)
    after = datetime.combine(day + timedelta(days=1), time.min, zone)
    with connection.cursor() as cursor:
        cursor.execute(_MEASURES, [list(applications), first, after])
        rows = cursor.fetchall()
    counts: dict[int, int] = defaultdict(int)
    values: dict[int, dict[str, float]] = defaultdict(dict)
    wanted = counted_metrics(method)
    for application, metric, value, count in rows:
        counts[application] += count
        if metric in wanted:
            values[application][metric] = max(0.0, value)
    return {application: Measures(count, values.get(application, {})) for application, count in counts.items()}
