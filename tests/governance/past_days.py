"""Whether the daily figures of departments agree with the register's history, day by day."""

from collections import Counter
from datetime import date, timedelta

from django.utils import timezone

from inventory.choices import Lifecycle
from inventory.models import AIApplication, Department
from risk.choices import OVERALL
from risk.models import DepartmentDay
from risk.selectors.history import end_of


def check() -> int:
    """Hold the applications that each department counted on each day against what was live at the day's end; returns
    the number of days."""
    told = AIApplication.pgh_event_model.objects.order_by("pgh_obj_id", "pgh_created_at", "pgh_id")
    steps = list(told.values_list("pgh_obj_id", "pgh_created_at", "lifecycle", "department_id"))
    taken = DepartmentDay.objects.filter(principle=OVERALL).order_by("day").values_list("department_id", "day", "count")
    counted: dict[int, int] = {}
    by_day: dict[date, list[tuple[int, int]]] = {}
    for department, day, count in taken:
        by_day.setdefault(day, []).append((department, count))
    every = Department.objects.all()
    below = {one.pk: set(Department.objects.subtree_of(one).values_list("pk", flat=True)) for one in every}
    first, today = min(by_day), timezone.localdate()
    for after in range((today - first).days + 1):
        day = first + timedelta(days=after)
        end = end_of(day)
        counted |= dict(by_day.get(day, ()))
        stood = {pk: (stage, place) for pk, at, stage, place in steps if at < end}
        live = Counter(place for stage, place in stood.values() if stage == Lifecycle.LIVE)
        expected = {top: sum(live[place] for place in places) for top, places in below.items()}
        assert {top: counted.get(top, 0) for top in below} == expected, day
    return (today - first).days + 1
