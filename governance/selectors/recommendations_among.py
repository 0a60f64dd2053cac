"""The findings of chosen applications: what cards count where kind, band, class or owner narrow them.

An application, an agent that is registered as one, or an alert about one is of an application. What is used
unregistered, feeds and departments as a whole are of none. Whether an application fits is told only of those that the
person may see: a finding names others as well, and narrowing must not tell how these are judged.

Of a past day it is the findings that stood then, and what held of applications then; how much each was is not kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Func, IntegerField, Q, QuerySet, Subquery, Value

from governance.models import Recommendation, RuleReading, Subject
from governance.selectors.among import Among
from governance.selectors.recommendations_kept import findings
from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication, Alert, AuditLogEntry, Department, ImportBatch, User
from inventory.selectors.scope import Scope
from risk.selectors import applications_then
from risk.selectors.kept import kept

OF_APPLICATIONS = ("application", "agent")  # kinds of subjects whose `ref` is an application, if anything


@dataclass(frozen=True, slots=True)
class Figures:
    """What is found of the chosen applications in a department with everything below it, and what that is: `parent`
    tells of which it is a part. Of a past day `amount` is the number of findings."""

    rows: int
    amount: int
    gravity: int
    departments: int
    key: str
    name: str
    parent: int | None


Counted = Mapping[tuple[str, int], Figures]  # by rule and department


def of_chosen(user: User | None, left: Among, permission: Permission = Permission.VIEW) -> Q:
    """Which subjects, or which spells of them, are of the applications that are left."""
    if not left:
        return Q()
    ids = _ids(user, left, permission)
    alerts = Alert.objects.filter(application__in=ids).order_by().values("pk")
    # Of a hundred thousand that are left, those alone that something is found of
    held: QuerySet[Any, Any] = findings(left.then) if left.then else Subject.objects.all()
    found = held.filter(kind__in=OF_APPLICATIONS).order_by().values("ref")
    return Q(kind__in=OF_APPLICATIONS, ref__in=ids.filter(pk__in=found)) | Q(kind="alert", ref__in=alerts)


def _ids(user: User | None, left: Among, permission: Permission) -> QuerySet[Any, Any]:
    """Those that are left and that the person may see; of a past day, what lay then where they see today."""
    if left.then:
        seen = applications_then.seen(user, left.wanted, left.then, permission)
        return AIApplication.objects.order_by().values("pk") if seen is None else seen
    if access.sees_everything(user, permission):
        return left.ids
    return access.applications(user, permission).filter(pk__in=left.ids).order_by().values("pk")


def counted(
    user: User | None,
    left: Among,
    departments: QuerySet[Department],
    permission: Permission = Permission.VIEW,
    keep: bool = False,
) -> Counted | None:
    """What is found of them in each of these departments, by rule; nothing of those in which nothing is. None: all
    applications are meant, and the cards hold their own figures. One query. `keep`: until
    anything changes that it hangs on."""
    if not left:
        return None
    held: QuerySet[Any, Any] = findings(left.then).annotate(amount=Value(1)) if left.then else Subject.objects.all()
    found = held.filter(of_chosen(user, left, permission)).order_by()
    try:
        chosen, values = found.values_list("rule", "department_id", "amount", "gravity").query.sql_with_params()
        asked, asked_values = departments.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # Django's word for a query that it knows to find nothing
        return {}
    query = _COUNTED.format(chosen=chosen, asked=asked), [*asked_values, *values]
    rows = kept(("found of chosen", *query, _told()), lambda: _fetched(*query)) if keep else _fetched(*query)
    return {(rule, department): Figures(*figures) for rule, department, *figures in rows}


def _fetched(sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def of_scope(scope: Scope, left: Among, *, keep: bool = False) -> Counted | None:
    """The same for what a page looks at, for its parts, which its cards name, and where the person was given one."""
    mine = Recommendation.objects.filter(owner=scope.user).order_by().values("department")
    among = Q(pk__in=[top.pk for top in scope.tops]) | Q(pk__in=scope.rows().order_by().values("pk")) | Q(pk__in=mine)
    return counted(scope.user, left, Department.objects.filter(among), keep=keep)


def _told() -> tuple[Any, ...]:
    """All that what is found hangs on beside register and roll-ups: when rules were evaluated, what people did (owners
    of cards, alerts tied to applications), and what feeds told. One query."""
    files = ImportBatch.objects.order_by().annotate(n=Func(F("pk"), function="count", output_field=IntegerField()))
    beat = ImportBatch.objects.exclude(heartbeat_at=None).order_by("-heartbeat_at").values("heartbeat_at")[:1]
    acts = AuditLogEntry.objects.order_by("-pk").values("pk")[:1]
    marks = RuleReading.objects.order_by("-evaluated_at").values_list("evaluated_at")
    return tuple(marks.values_list("evaluated_at", Subquery(acts), Subquery(files.values("n")), Subquery(beat))[:1])


# As the evaluation adds up: what belongs to no department counts at the root alone. UNION, so that a cycle would end.
_COUNTED = """
WITH RECURSIVE below (top, id) AS (
    SELECT id, id FROM inventory_department WHERE id IN ({asked})
    UNION SELECT below.top, child.id FROM below JOIN inventory_department child ON child.parent_id = below.id),
own AS (
    SELECT rule, COALESCE(department_id, (SELECT id FROM inventory_department WHERE parent_id IS NULL)) AS id,
        count(*) AS rows, sum(amount) AS amount, max(gravity) AS gravity, bool_or(department_id IS NOT NULL) AS placed
    FROM ({chosen}) chosen (rule, department_id, amount, gravity) GROUP BY 1, 2)
SELECT rule, top, sum(rows)::int, sum(amount)::bigint, max(gravity), (count(*) FILTER (WHERE placed))::int,
    part.key, part.name, part.parent_id
FROM own JOIN below USING (id) JOIN inventory_department part ON part.id = top GROUP BY rule, top, part.id"""
