"""What people had decided about what is seen, by the end of a past day.

A ruling that nobody has touched since stood as it stands; of the others the row history tells. Linking names the
application on past facts as well (docs/decisions/0025), so that what was linked since is taken back here: it was not
registered then. Which names a link carried that was itself taken back since is not kept.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import F, Q, Sum
from django.utils import timezone

from inventory.choices import RulingKind
from inventory.models import CarriedName, DailyUsage, Ruling, Sighting
from inventory.selectors.discovery.rulings import GROWTH, LEAST_USE, USE_DAYS


@dataclass(frozen=True, slots=True)
class Decided:
    """The folded names that were linked, and those that were ruled out in force; `since`: the sightings that were
    linked after that day."""

    day: date
    linked: frozenset[str]
    ruled_out: frozenset[str]
    since: tuple[int, ...]

    @property
    def settled(self) -> frozenset[str]:
        return self.linked | self.ruled_out

    @property
    def loose(self) -> Q:
        """Daily rows that matched nothing registered then."""
        return Q(application=None) | Q(sighting__in=self.since) if self.since else Q(application=None)


def decided_by(day: date) -> Decided:
    """The decisions in force at the end of a day; four queries."""
    end = _end_of(day)
    known = [*_versions(end)]
    linked = frozenset(one["folded"] for one in known if one["kind"] == RulingKind.LINKED)
    since = Ruling.objects.filter(kind=RulingKind.LINKED, decided_at__gte=end)
    names = Q(folded__in=since.values("folded"))
    names |= Q(folded__in=CarriedName.objects.filter(ruling__in=since).values("folded"))
    linked_since = tuple(Sighting.objects.filter(names).exclude(folded__in=linked).values_list("pk", flat=True))
    lasting = {
        one["folded"]: one["use"]
        for one in known
        if one["kind"] == RulingKind.RULED_OUT and (one["until"] is None or one["until"] >= day)
    }
    bare = Decided(day, linked, frozenset(), linked_since)
    now = _use(lasting, bare)
    calm = (name for name, use in lasting.items() if now.get(name, 0) < GROWTH * max(use, LEAST_USE))
    return Decided(day, linked, frozenset(calm), linked_since)


def rulings_then(day: date, names: Sequence[str]) -> dict[str, Any]:
    """The rulings of a page's names as they stood, by folded name: a Ruling, or the version of one."""
    end = _end_of(day)
    changed = _since_changed(end).filter(folded__in=names).select_related("decided_by")
    found = {one.folded: one for one in changed if one.pgh_label != "delete"}
    standing = Ruling.objects.filter(decided_at__lt=end, folded__in=names).select_related("application", "decided_by")
    return found | {one.folded: one for one in standing}


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, timezone.get_default_timezone())


def _versions(end: datetime) -> Iterator[dict[str, Any]]:
    columns = ("folded", "kind", "until", "use")
    yield from Ruling.objects.filter(decided_at__lt=end).order_by().values(*columns)
    yield from (one for one in _since_changed(end).values(*columns, "pgh_label") if one["pgh_label"] != "delete")


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
