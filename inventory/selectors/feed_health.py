"""How the feeds are: when each last delivered, how fresh what it told is, and whether it is late."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.choices import BatchState
from inventory.connectors.registry import CONNECTORS
from inventory.models import Feed

EXPECTED = {1: _("every hour"), 24: _("every day"), 168: _("every week"), 744: _("every month")}
# How a feed is, those that need somebody first: in words, and with their tone
STANDINGS = {
    "failing": (_("Failing"), "bad"),
    "late": (_("Late"), "bad"),
    "refused": (_("Refused"), "warn"),
    "empty": (_("Nothing yet"), "neutral"),
    "fresh": (_("Fresh"), "good"),
    "off": (_("Switched off"), "neutral"),
}


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """A feed with the state of its deliveries; times are None for never."""

    feed: Feed
    title: str  # of the kind it is bound to
    read_at: datetime | None  # the last time a file of it was read to its end
    newest_at: datetime | None  # the newest record in any
    failed_at: datetime | None  # the last failure after that
    error: str
    due_at: datetime | None  # when the next file is expected; None: no expectation
    standing: str  # of STANDINGS

    @property
    def state(self) -> str:
        """How it is, for people."""
        return str(STANDINGS[self.standing][0])

    @property
    def tone(self) -> str:
        """How good that is."""
        return STANDINGS[self.standing][1]

    @property
    def expected(self) -> str:
        """ "every day", for people; empty where nothing is expected."""
        hours = self.feed.expected_hours
        if not hours:
            return ""
        return str(EXPECTED.get(hours) or _("every %(hours)s hours") % {"hours": hours})

    @property
    def refused_since(self) -> bool:
        """Whether a call was refused after the last file came in."""
        refused = self.feed.refused_at
        return refused is not None and (self.read_at is None or refused > self.read_at)


def all_feeds(now: datetime | None = None) -> list[FeedHealth]:
    """Every feed, those that need somebody first; one query."""
    order = {standing: place for place, standing in enumerate(STANDINGS)}
    found = _read(None, now or timezone.now())
    return sorted(found, key=lambda one: (order[one.standing], one.feed.name))


def of(feed: Feed, now: datetime | None = None) -> FeedHealth:
    """One feed."""
    return _read(feed.pk, now or timezone.now())[0]


def troubled(found: Iterable[FeedHealth]) -> list[FeedHealth]:
    """Those that somebody should look at."""
    return [one for one in found if one.tone == "bad"]


# The overview asks it too: written out, because Django takes longer to write it than PostgreSQL to answer
_FEEDS = """
SELECT feed.*, done.read_at, done.newest_at, failed.finished_at AS failed_at, failed.error AS failed_why
FROM inventory_feed feed
CROSS JOIN LATERAL (
    SELECT max(finished_at) AS read_at,
        max(LEAST(newest_at, finished_at)) FILTER (WHERE newest_at IS NOT NULL) AS newest_at FROM inventory_importbatch
    WHERE feed_id = feed.id AND state = %(done)s) done
LEFT JOIN LATERAL (
    SELECT finished_at, error FROM inventory_importbatch
    WHERE feed_id = feed.id AND state = %(failed)s ORDER BY finished_at DESC LIMIT 1) failed ON true
WHERE %(only)s::bigint IS NULL OR feed.id = %(only)s ORDER BY feed.name, feed.id"""


def _read(only: int | None, now: datetime) -> list[FeedHealth]:
    asked = {"done": BatchState.DONE.value, "failed": BatchState.FAILED.value, "only": only}
    return [_health(feed, now) for feed in Feed.objects.raw(_FEEDS, asked)]


def _health(feed: Feed, now: datetime) -> FeedHealth:
    read_at: datetime | None = feed.read_at  # type: ignore[attr-defined]
    failed_at: datetime | None = feed.failed_at  # type: ignore[attr-defined]
    failing = failed_at is not None and (read_at is None or failed_at > read_at)
    hours = feed.expected_hours
    due_at = (read_at or feed.created_at) + timedelta(hours=hours) if hours else None
    refused = feed.refused_at is not None and (read_at is None or feed.refused_at > read_at)
    if not feed.active:
        standing = "off"
    elif failing:
        standing = "failing"
    elif due_at and due_at < now:
        standing = "late"
    elif refused:
        standing = "refused"
    elif read_at is None:
        standing = "empty"
    else:
        standing = "fresh"
    connector = CONNECTORS.get(feed.kind)
    return FeedHealth(
        feed=feed,
        title=connector.title if connector else str(_("Any kind")),
        read_at=read_at,
        newest_at=feed.newest_at,  # type: ignore[attr-defined]
        failed_at=failed_at if failing else None,
        error=feed.failed_why or "" if failing else "",  # type: ignore[attr-defined]
        due_at=due_at,
        standing=standing,
    )
