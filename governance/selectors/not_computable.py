"""Applications that the method can't judge: figures leave them out, so each page with figures says which."""

from collections.abc import Sequence
from dataclasses import dataclass

from inventory.choices import Lifecycle
from inventory.models import AIApplication
from inventory.selectors.scope import Scope
from risk.models import NotComputable

NAMED = 5


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many live applications have no score for that reason, and the first of them."""

    count: int
    first: Sequence[AIApplication]


def left_out(scope: Scope) -> LeftOut:
    """Those among the applications looked at; one query while there are none, as there should be."""
    found = NotComputable.objects.filter(application__lifecycle=Lifecycle.LIVE)
    if not scope.everything:
        found = found.filter(application__department__in=scope.departments().order_by().values("pk"))
    named = found.select_related("application").only("application__name").order_by("pk")
    first = [one.application for one in named[: NAMED + 1]]
    return LeftOut(len(first) if len(first) <= NAMED else found.count(), first[:NAMED])
