"""What people had decided about what is seen, by the end of a past day.

A ruling that nobody has touched since stood as it stands; of the others the row history tells. Linking names the
application on past facts as well (docs/decisions/0025), so that what was linked since is taken back here: it was not
registered then. Which names a link carried that was itself taken back since is not kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import F, Q, Sum
from django.utils import timezone

from inventory.choices import RulingKind
from inventory.models import CarriedName, DailyUsage, Ruling, Sighting
from inventory.selectors.discovery.rulings import GROWTH, LEAST_USE, USE_DAYS

_COLUMNS = ("folded", "kind", "until", "use")


@dataclass(frozen=True, slots=True)
class Decided:
    """The folded names that were linked, and those that were ruled out in force; `since`: the sightings that were
    linked after that day, and `into` the applications they were linked to."""

    day: date
    linked: frozenset[str]
    ruled_out: frozenset[str]
    since: tuple[int, ...]
    into: tuple[int, ...]

    @property
    def settled(self) -> frozenset[str]:
        return self.linked | self.ruled_out

    @property
    def loose(self) -> Q:
        """Daily rows that matched nothing registered then. What was linked stands under the application it was linked
        to; by the name alone, every daily row would have to be looked at."""
        loose = Q(application=None)
        return loose | Q(application__in=self.into, sighting__in=self.since) if self.since else loose


def decided_by(day: date) -> Decided:
    """The decisions in force at the end of a day; four queries."""
    end = _end_of(day)
    today = list(Ruling.objects.order_by().values(*_COLUMNS, "pk", "application", "decided_at"))
    known = [one for one in today if one["decided_at"] < end]
    known += (one for one in _since_changed(end).values(*_COLUMNS, "pgh_label") if one["pgh_label"] != "delete")
    linked = frozenset(one["folded"] for one in known if one["kind"] == RulingKind.LINKED)
    later = [one for one in today if one["kind"] == RulingKind.LINKED and one["decided_at"] >= end]
    names = Q(folded__in=[one["folded"] for one in later])
    names |= Q(folded__in=CarriedName.objects.filter(ruling__in=[one["pk"] for one in later]).values("folded"))
    found = Sighting.objects.filter(names).exclude(folded__in=linked).order_by().values_list("pk", flat=True)
    since, into = tuple(found), tuple(sorted({one["application"] for one in later}))
    lasting = {
        one["folded"]: one["use"]
        for one in known
        if one["kind"] == RulingKind.RULED_OUT and (one["until"] is None or one["until"] >= day)
    }
    bare = Decided(day, linked, frozenset(), since, into)
    now = _use(lasting, bare)
    calm = (name for name, use in lasting.items() if now.get(name, 0) < GROWTH * max(use, LEAST_USE))
    return replace(bare, ruled_out=frozenset(calm))


def rulings_then(day: date, names: Sequence[str]) -> dict[str, Any]:
    """The rulings of a page's names as they stood, by folded name: a Ruling, or the version of one."""
    end = _end_of(day)
    changed = _since_changed(end).filter(folded__in=names).select_related("decided_by")
    found = {one.folded: one for one in changed if one.pgh_label != "delete"}
    standing = Ruling.objects.filter(decided_at__lt=end, folded__in=names).select_related("application", "decided_by")
    return found | {one.folded: one for one in standing}


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, timezone.get_default_timezone())


def _since_changed(end: datetime) -> Any:
    """The newest version before `end` of each ruling that was decided anew, or taken back, after it."""
    versions = Ruling.pgh_event_model.objects.filter(pgh_created_at__lt=end)  # type: ignore[attr-defined]
    untouched = Ruling.objects.filter(decided_at__lt=end).order_by().values("pk")
    changed = versions.exclude(pgh_obj_id__in=untouched).order_by("pgh_obj_id", "-pgh_created_at", "-pgh_id")
    return changed.distinct("pgh_obj_id")


def _use(names: Iterable[str], then: Decided) -> dict[str, int]:
    """Interactions and visits of the days before, by folded name."""
    rows = DailyUsage.objects.filter(then.loose, sighting__folded__in=list(names), day__lte=then.day)
    rows = rows.filter(day__gt=then.day - timedelta(days=USE_DAYS)).order_by()
    return dict(rows.values_list("sighting__folded").annotate(n=Sum(F("interactions") + F("visits"))))
