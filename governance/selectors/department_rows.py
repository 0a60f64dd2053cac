"""Rows of the dataset `department_scores`: what the roll-ups say of each department, as of a day."""

from collections.abc import Iterator

from django.db.models import QuerySet

from governance.selectors import chosen_departments, rollups
from governance.selectors.among import among_words
from governance.selectors.extent import Extent, figures, texts
from inventory import access
from inventory.models import Department
from inventory.selectors.scope import Scope

COLUMNS = (
    *texts("department department_key parent_key"),
    *figures("principle index worst tail mean band critical_share high_share count as_of"),
)


def departments_in(extent: Extent) -> QuerySet[Department]:
    """The departments asked for, the organisation itself among them where it may be seen."""
    found = access.departments(extent.user, access.Permission.EXPORT)
    if extent.department:
        found = found.filter(pk__in=Department.objects.subtree_of(extent.department).values("pk"))
    return found


def _risks(extent: Extent, departments: QuerySet[Department]) -> list[rollups.Risk]:
    left = among_words(extent.filters, extent.day if extent.past else None)
    if not left:
        return rollups.risks(departments, extent.day)
    everybody = Scope(extent.user, extent.department, ())  # type: ignore[arg-type]  # None: the console, all of them
    return chosen_departments.risks(everybody, left, rollups.ALL)


def rows(extent: Extent) -> Iterator[tuple]:
    """Seven rows a department that has live applications: overall, then the six principles; by external key.

    `as_of` is the day on which the figures were taken, the newest up to the day asked for, or, of chosen applications
    alone, that day. Names and places in the tree are those of today.
    """
    departments = departments_in(extent)
    named = {
        pk: (name, key, parent)
        for pk, name, key, parent in departments.order_by().values_list("pk", "name", "key", "parent__key")
    }
    found = {(risk.department_id, risk.principle): risk for risk in _risks(extent, departments)}
    for pk, (name, key, parent) in sorted(named.items(), key=lambda item: item[1][1]):
        for principle in rollups.ALL:
            risk = found.get((pk, principle))
            if risk is not None:
                yield (
                    *(name, key, parent, principle, risk.index, risk.worst, risk.tail, risk.mean, risk.band),
                    *(risk.critical_share, risk.high_share, risk.count, risk.day.isoformat()),
                )
