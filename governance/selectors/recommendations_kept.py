"""What is kept of recommendations by day, and for how long (docs/decisions/0045)."""

from datetime import date, timedelta

from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from governance.models import RecommendationDay, SubjectSpell

KEPT = 400  # days: a year, and a month to look back from


def oldest() -> date:
    """Before it, what had ended is cleared."""
    return timezone.localdate() - timedelta(days=KEPT)


def first_kept() -> date | None:
    """The first day of which severity and findings are known."""
    at_the_root = RecommendationDay.objects.filter(
        recommendation__department__parent=None
    )  # whatever is found is there
    first = at_the_root.aggregate(day=Min("day"))["day"]
    return max(first, oldest()) if first else None


def findings(day: date) -> QuerySet[SubjectSpell]:
    """Those that stood at the day's end."""
    if day < oldest():
        return SubjectSpell.objects.none()
    return SubjectSpell.objects.filter(Q(until=None) | Q(until__gt=day), day__lte=day)
