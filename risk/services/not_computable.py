"""Applications that the method can't judge: set aside with the reason, and without any number.

While it lasts, `NotComputable` says so; afterwards a `NotComputableSpell` keeps from when to when, so that no day of it
ever shows the figure of the day before.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from risk.models import ApplicationCoverage, CurrentScore, NotComputable, NotComputableSpell
from risk.scoring.fitness import NotComputableError
from risk.selectors.keys import Among

log = logging.getLogger(__name__)


def put_aside(failed: Mapping[int, NotComputableError], judged: Sequence[int], at: datetime) -> int:
    """Take the scores of what failed away and note why; what was judged again is no longer set aside.

    `since` stays that of the first failure. Returns how many rows changed what departments show.
    """
    for pk, error in failed.items():
        log.error("Application %s is not computable: %s", pk, error, exc_info=error.__cause__)
    changed = _end(judged, at) if judged else 0
    if not failed:
        return changed
    ids = list(failed)
    known = set(NotComputable.objects.filter(pk__in=ids).values_list("pk", flat=True))
    NotComputable.objects.bulk_create(
        [NotComputable(application_id=pk, reason=str(error), since=at) for pk, error in failed.items()],
        update_conflicts=True,
        unique_fields=["application"],
        update_fields=["reason"],
    )
    CurrentScore.objects.filter(pk__in=ids).delete()
    ApplicationCoverage.objects.filter(application__in=ids).delete()
    return changed + len(failed.keys() - known)


def _end(judged: Sequence[int], at: datetime) -> int:
    """Close what was set aside and is judged again; returns how many."""
    ended = list(NotComputable.objects.filter(Among("pk", judged)))
    NotComputableSpell.objects.bulk_create(
        NotComputableSpell(application_id=one.pk, reason=one.reason, since=one.since, until=at) for one in ended
    )
    NotComputable.objects.filter(pk__in=[one.pk for one in ended]).delete()
    return len(ended)
