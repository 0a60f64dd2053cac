"""Registered applications that are used beyond what they are approved for.

Two findings: it is used though its life cycle doesn't allow it (not yet approved, suspended, retired), and it worked on
data above its answer to `data_sensitivity` (docs/method.md §4). That other departments than its own use it is no
finding, because nothing says for whom an application is approved: it is shown as a hint (docs/decisions/0025).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.paginator import Page
from django.db import connection
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy

from inventory import access
from inventory.choices import Lifecycle
from inventory.connectors.levels import LEVELS
from inventory.models import AIApplication, DailySensitive, DailyUsage, DailyUser, Department, User
from inventory.selectors.dictionary import names
from inventory.selectors.kept import KeptPaginator, kept
from risk.scoring.case import APPROVED_FOR
from risk.selectors.keys import Among

A_PAGE = 25
IN_FORCE = (Lifecycle.APPROVED, Lifecycle.LIVE)
REASONS = {
    "lifecycle": gettext_lazy("Not approved, suspended or retired"),
    "data": gettext_lazy("Data above its approval"),
}
# Ranks of what interactions carried (by digest), held against the rank of the answer
_ABOVE = """
SELECT s.application_id, s.department_id, sum(s.interactions)
FROM inventory_dailysensitive s
JOIN unnest(%(digests)s::uuid[], %(ranks)s::int[]) AS carried (digest, rank) ON carried.digest = s.digest
JOIN risk_answer a ON a.application_id = s.application_id AND a.question = %(question)s
JOIN unnest(%(levels)s::text[]) WITH ORDINALITY AS approved (level, place) ON a.value = to_jsonb(approved.level)
WHERE s.day BETWEEN %(first)s AND %(last)s AND carried.rank > approved.place - 1
GROUP BY 1, 2
"""

Above = Mapping[int, Mapping[int | None, int]]  # application → department (None: no known one) → interactions


@dataclass(frozen=True, slots=True)
class BeyondRow:
    """An application used beyond its approval. Counts are interactions of the period; `elsewhere`: of people outside
    its department's sub-tree, and `departments` who they belong to."""

    application: AIApplication
    not_in_force: bool
    above: int
    interactions: int
    users: int
    elsewhere: int
    departments: list[str]
    last_used: date | None


def above_approval_by_department(day: date, period: int = 30) -> Above:
    """Interactions of the last `period` days with a label or information type above the application's answer. What
    the dictionary doesn't rank, and applications for which nobody answered, count nowhere."""
    first = day - timedelta(days=period - 1)
    dictionary = names()
    if not dictionary:
        return {}
    carried = DailySensitive.objects.filter(application__isnull=False, day__range=(first, day)).order_by()
    ranks = {
        digest: rank
        for digest, labels, types in carried.values_list("digest", "labels", "information_types").distinct()
        if (rank := dictionary.rank(labels, types)) is not None
    }
    with connection.cursor() as cursor:
        given: dict[str, Any] = {
            "digests": list(ranks),
            "ranks": list(ranks.values()),
            "question": APPROVED_FOR,
            "levels": list(LEVELS),
        }
        cursor.execute(_ABOVE, {**given, "first": first, "last": day})
        found: dict[int, dict[int | None, int]] = defaultdict(dict)
        for application, department, count in cursor.fetchall():
            found[application][department] = int(count)
    return found


def used_beyond_approval(
    user: User,
    above: Above,
    *,
    department: Department | None = None,
    reasons: Sequence[str] = (),
    period: int = 30,
    q: str = "",
    left: QuerySet[AIApplication, Any] | None = None,
    today: date | None = None,
) -> QuerySet[AIApplication]:
    """Applications that the person may see and that were used beyond their approval in the last `period` days.
    `above`: of `above_approval_by_department`; `reasons`: some of REASONS, none for all; `left`: only those with
    these ids."""
    found = access.applications(user)
    if left is not None:
        found = found.filter(pk__in=left)
    if department is not None and department.parent_id is not None:
        found = found.in_department(department)
    if q:
        found = found.search(q)
    today = today or timezone.localdate()
    wanted = set(reasons or REASONS)
    condition = Q(pk__in=[])
    if "lifecycle" in wanted:
        condition |= Q(Among("pk", _used_and_not_in_force(today - timedelta(days=period), today)))
    if "data" in wanted:
        condition |= Q(Among("pk", above))
    return found.filter(condition)


def _used_and_not_in_force(after: date, until: date) -> list[int]:
    """Everybody's, kept until anything is done or read: each that is not in force is looked for in the daily figures,
    and as keys they are found by name without a walk through the register."""
    used = DailyUsage.objects.filter(application=OuterRef("pk"), day__gt=after, day__lte=until)
    idle = AIApplication.objects.exclude(lifecycle__in=IN_FORCE).filter(Exists(used)).order_by()
    found: list[int] = kept(("used and not in force", after, until), lambda: list(idle.values_list("pk", flat=True)))
    return found


def beyond_page(
    found: QuerySet[AIApplication], above: Above, *, period: int = 30, page: int = 1, today: date | None = None
) -> Page:
    """A page of BeyondRow by name; the same number of queries whatever the size."""
    today = today or timezone.localdate()
    result: Page = KeptPaginator(found.select_related("department").order_by("name", "pk"), A_PAGE).get_page(page)
    result.object_list = _rows(list(result.object_list), above, today, period)
    return result


def _rows(shown: list[AIApplication], above: Above, today: date, period: int) -> list[BeyondRow]:
    days = Q(Among("application", [one.pk for one in shown]), day__gt=today - timedelta(days=period), day__lte=today)
    use: dict[int, dict[int | None, tuple[int, str]]] = defaultdict(dict)
    by_department = DailyUsage.objects.filter(days).order_by("department__name")
    for pk, department, name, count in by_department.values_list(
        "application", "department", "department__name"
    ).annotate(n=Sum("interactions")):
        use[pk][department] = (count, name or "Unassigned")
    people = DailyUser.objects.filter(days).order_by().values_list("application")
    users = dict(people.annotate(n=Count("pseudonym", distinct=True)))
    last = dict(DailyUsage.objects.filter(days).order_by().values_list("application").annotate(last=Max("day")))
    below = _below({one.department_id for one in shown})
    rows = []
    for one in shown:
        others = {
            key: said for key, said in use[one.pk].items() if key is not None and key not in below[one.department_id]
        }
        rows.append(
            BeyondRow(
                application=one,
                not_in_force=one.lifecycle not in IN_FORCE,
                above=sum(above.get(one.pk, {}).values()),
                interactions=sum(count for count, __ in use[one.pk].values()),
                users=users.get(one.pk, 0),
                elsewhere=sum(count for count, __ in others.values()),
                departments=[name for __, name in others.values()],
                last_used=last.get(one.pk),
            )
        )
    return rows


_SUBTREES = """
WITH RECURSIVE sub AS (
    SELECT id AS top, id FROM inventory_department WHERE id = ANY(%s)
    UNION SELECT sub.top, child.id FROM inventory_department child JOIN sub ON child.parent_id = sub.id
) SELECT top, id FROM sub"""


def _below(tops: Iterable[int]) -> dict[int, set[int]]:
    """Each department's sub-tree; one query."""
    found: dict[int, set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(_SUBTREES, [sorted(tops)])
        for top, pk in cursor.fetchall():
            found[top].add(pk)
    return found
