"""Applications that the method can't judge: figures leave them out, so each page with figures says which."""

from collections.abc import Sequence
from dataclasses import dataclass

from governance.selectors.among import ALL, Among
from inventory.choices import Lifecycle
from inventory.models import AIApplication
from inventory.selectors.scope import Scope
from risk.models import NotComputable
from risk.selectors import applications
from risk.selectors.applications import Wanted

NAMED = 5


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many live applications have no score for that reason, and the first of them."""

    count: int
    first: Sequence[AIApplication]


def left_out(scope: Scope, among: Among = ALL) -> LeftOut:
    """Those among the applications looked at; one query while there are none, as there should be. Of chosen ones those
    of their kind and owner: without a judgement there is no band or class by which one could be told not to be meant.
    """
    found = NotComputable.objects.filter(application__lifecycle=Lifecycle.LIVE)
    stated = applications.among(Wanted(kinds=among.wanted.kinds, owner=among.wanted.owner))
    if stated is not None:
        found = found.filter(application__in=stated)
    if not scope.everything:
        found = found.filter(application__department__in=scope.departments().order_by().values("pk"))
    named = found.select_related("application").only("application__name").order_by("pk")
    first = [one.application for one in named[: NAMED + 1]]
    return LeftOut(len(first) if len(first) <= NAMED else found.count(), first[:NAMED])
