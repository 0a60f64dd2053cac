"""What threatens the applications in sight: open alerts by tactic and severity, now or at the end of a past day."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet

from inventory.choices import Severity
from inventory.models import AIApplication, Department, User
from risk.selectors.alerts import OPEN, Wanted, found, tactic_words
from risk.selectors.alerts_then import open_then
from risk.selectors.signals import tactic_key

UNNAMED = "none named"


@dataclass(frozen=True)
class Tactic:
    """A tactic and the open alerts that show it, by severity. `word`: what the list of alerts is narrowed by, "" where
    the method doesn't know it."""

    name: str
    word: str
    by_severity: dict[str, int]


def open_by_tactic(
    user: User,
    department: Department | None = None,
    applications: QuerySet[AIApplication, Any] | None = None,
    then: date | None = None,
) -> list[Tactic]:
    """Most alerts first; one that shows two tactics stands under both. `applications`: the ids of those looked at;
    `then`: those open at the end of that past day."""
    wanted = Wanted(department=department, states=() if then else OPEN, applications=applications)
    rows = open_then(found(user, wanted), then) if then else found(user, wanted)
    rows = rows.select_related(None).defer(None).order_by()
    counts: dict[str, Counter[str]] = {}
    for tactics, severity, n in rows.values_list("tactics", "severity").annotate(n=Count("pk")):
        for key in {tactic_key(one) for one in tactics} or {""}:
            counts.setdefault(key, Counter())[severity] += n
    known = tactic_words()
    ordered = sorted(counts.items(), key=lambda item: (-item[1].total(), item[0]))
    return [
        Tactic(
            key.replace("_", " ").capitalize() if key else UNNAMED.capitalize(),
            key if key in known else "",
            {severity: by[severity] for severity in Severity.values},
        )
        for key, by in ordered
    ]
