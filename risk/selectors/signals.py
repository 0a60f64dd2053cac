"""What operation shows of applications in the last 30 days: alerts and usage (docs/method.md §4)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Q, Sum
from django.utils import timezone

from inventory.choices import AlertState, Severity
from inventory.models import Alert, DailyUsage
from risk.scoring.case import WINDOW_DAYS, Occurrence, Usage
from risk.selectors.keys import Among

_OPEN = {AlertState.NEW, AlertState.ACTIVE, AlertState.IN_PROGRESS}
# Types of alerts that report an attack which was stopped
_BLOCKED = Q(type__contains="BlockedAttempt") | Q(type__contains="BlockedJailbreak")


def window_start(day: date) -> date:
    """The first day of the window that ends with `day`."""
    return day - timedelta(days=WINDOW_DAYS - 1)


def occurrences(applications: Sequence[int], day: date) -> dict[int, tuple[Occurrence, ...]]:
    """Alerts by application, as they stand now. Informational ones count nothing, dismissed ones are no event.

    An alert of the day 30 days before still counts: it has lost half its weight by then.
    """
    zone = timezone.get_default_timezone()
    first = datetime.combine(day - timedelta(days=WINDOW_DAYS), time.min, zone)
    after = datetime.combine(day + timedelta(days=1), time.min, zone)
    rows = (
        Alert.objects.filter(Among("application", applications), at__gte=first, at__lt=after)
        .exclude(severity=Severity.INFORMATIONAL)
        .exclude(state=AlertState.DISMISSED)
        .order_by("at", "id")
        .values_list("application_id", "severity", "tactics", "at", "state", "id", "title")
    )
    found: dict[int, list[Occurrence]] = defaultdict(list)
    for application, severity, tactics, at, state, pk, title in rows:
        found[application].append(
            Occurrence(
                severity=severity,
                tactics=tuple(sorted(map(tactic_key, tactics))),
                day=timezone.localdate(at, zone),
                open=state in _OPEN,
                ref=str(pk),
                label=title,
            )
        )
    return {application: tuple(events) for application, events in found.items()}


def tactic_key(name: str) -> str:
    """The method's word for a tactic: "InitialAccess", "Initial Access" and "initial-access" are one."""
    spaced = "".join(f" {c}" if c.isupper() and i and name[i - 1].islower() else c for i, c in enumerate(name.strip()))
    return "_".join(spaced.replace("-", " ").replace("_", " ").lower().split())


def usage(applications: Sequence[int], day: date) -> dict[int, Usage]:
    """Counts of the window by application; no entry where nothing was used.

    Attacks are the marked interactions and the alerts of a blocked one; a dismissed alert was none. `sensitive` stays 0
    as long as no label dictionary ranks the labels: a label of unknown rank does not count (docs/method.md §4). It
    still shows in the usage figures.
    """
    rows = (
        DailyUsage.objects.filter(Among("application", applications), day__range=(window_start(day), day))
        .order_by()
        .values("application_id")
        .annotate(interactions=Sum("interactions"), attacks=Sum("attacks"))
        .values_list("application_id", "interactions", "attacks")
    )
    blocked = _blocked_attempts(applications, day)
    return {
        application: Usage(interactions=total, attacks=attacks + blocked.get(application, 0))
        for application, total, attacks in rows
    }


def _blocked_attempts(applications: Sequence[int], day: date) -> dict[int, int]:
    """Alerts of the window that report a blocked attack, by application."""
    zone = timezone.get_default_timezone()
    found = (
        Alert.objects.filter(_BLOCKED, Among("application", applications))
        .filter(at__gte=datetime.combine(window_start(day), time.min, zone))
        .filter(at__lt=datetime.combine(day + timedelta(days=1), time.min, zone))
        .exclude(state=AlertState.DISMISSED)
        .order_by()
    )
    return dict(found.values("application_id").annotate(n=Count("pk")).values_list("application_id", "n"))
