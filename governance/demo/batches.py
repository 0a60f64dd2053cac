"""Writes the files the feeds came in: their counts add up to the figures, and some of their rows can't be read."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from governance.demo.alerts import Happened
from governance.demo.copying import copy_rows, reserve
from governance.demo.feeds import at_hour
from governance.demo.senses import Measured, dictionary_age, listed_agents, reported_apps
from governance.demo.story import Feed, QuarantineStory
from governance.demo.usage import DayFigures
from governance.demo.world import World
from inventory.choices import BatchState, Door
from inventory.models import DirectoryUser, ImportBatch, QuarantinedRow
from inventory.services.imports.encryption import encrypt

BATCH = (
    *("id", "kind", "file_name", "stored_as", "size", "sha256", "uploaded_by_id", "state", "attempts", "bytes_read"),
    *("next_line", "rows", "stored", "duplicates", "quarantined", "ignored", "unmatched", "newest_at", "error"),
    *("created_at", "started_at", "finished_at", "door", "feed_id"),
)
BYTES_A_ROW = {
    "purview_audit": 1240,
    "cloud_discovery": 210,
    "entra_users": 148,
    "security_alerts": 2300,
    "agents": 900,
    "metrics": 70,
    "cloud_apps": 620,
}
DICTIONARY_BYTES = 110  # a row
# Those whose rows bear a time
DATED = ("purview_audit", "cloud_discovery", "security_alerts", "agents", "metrics", "cloud_apps")
ROWS_A_SECOND = 30_000
DUPLICATES, IGNORED = 0.004, 0.012  # shares of an audit export
OTHER_SITES = 46  # rows of a proxy log that concern no AI, for one that does


def write_batches(
    world: World, figures: Iterable[DayFigures], alerts: Iterable[Happened], values: Iterable[Measured]
) -> list[dict[str, Any]]:
    """Files of use, alerts, agents and metrics each week, the user list each month, the dictionaries once: each with
    the counts of its days. Returns them, oldest first."""
    stored: Counter[int] = Counter()
    unmatched: Counter[int] = Counter()
    visits: Counter[int] = Counter()
    for one in figures:
        stored[one.ago] += one.interactions * world.times.get(one.who, 1)
        visits[one.ago] += one.visits
        if one.who not in world.registered:
            unmatched[one.ago] += one.interactions
    files = _audit_files(world, stored, unmatched) + _proxy_files(world, visits)
    files += _user_files(world) + _alert_files(world, alerts)
    files += _agent_files(world) + _cloud_files(world) + _metric_files(world, values) + _dictionary_files(world)
    files.sort(key=lambda row: row["created_at"])
    for row, key in zip(files, reserve(ImportBatch, len(files)), strict=True):
        row["id"] = key
    copy_rows(ImportBatch, BATCH, ([row[name] for name in BATCH] for row in files))
    copy_rows(
        QuarantinedRow,
        ("batch_id", "line", "reason", "raw", "created_at"),
        (
            (row["id"], bad.line, bad.reason, encrypt(bad.raw.encode()), row["finished_at"])
            for row in files
            for bad in row["bad"]
        ),
    )
    return files


def _audit_files(world: World, stored: Counter[int], unmatched: Counter[int]) -> list[dict[str, Any]]:
    feed = world.story.feeds.audit
    files = []
    for newest in range(1, world.days + 1, feed.every):
        days = range(newest, min(newest + feed.every, world.days + 1))
        count = sum(stored[ago] for ago in days)
        if count:
            bad = [one for one in world.story.feeds.quarantined if one.ago in days]
            extra = {"duplicates": round(count * DUPLICATES), "ignored": round(count * IGNORED)}
            row = _batch("purview_audit", feed, newest, count, bad, world, **extra)
            files.append(row | {"unmatched": sum(unmatched[ago] for ago in days)})
    return files


def _proxy_files(world: World, visits: Counter[int]) -> list[dict[str, Any]]:
    """Logs of a proxy, of which only visits to AI sites are stored; nothing registered has a site that is visited."""
    feed = world.story.feeds.proxy
    files = []
    for newest in range(1, world.days + 1, feed.every):
        count = sum(visits[ago] for ago in range(newest, min(newest + feed.every, world.days + 1)))
        if count:
            row = _batch("cloud_discovery", feed, newest, count, [], world, ignored=count * OTHER_SITES)
            files.append(row | {"unmatched": count})
    return files


def _user_files(world: World) -> list[dict[str, Any]]:
    """The first list brought everybody, the later ones only what changed."""
    feed = world.story.feeds.users
    everybody = DirectoryUser.objects.count()
    files = []
    for newest in range(4, world.days + 1, feed.every):
        first = newest + feed.every > world.days
        stored = everybody if first else world.chance.whole(0, 9, newest, "users")
        files.append(_batch("entra_users", feed, newest, stored, [], world, duplicates=everybody - stored))
    return files


def _alert_files(world: World, alerts: Iterable[Happened]) -> list[dict[str, Any]]:
    feed = world.story.feeds.alerts
    came = Counter((world.day(0) - one.at.date()).days for one in alerts)
    files = []
    for newest in range(1, world.days + 1, feed.every):
        count = sum(came[ago] for ago in range(newest, min(newest + feed.every, world.days + 1)))
        if count:
            files.append(_batch("security_alerts", feed, newest, count, [], world))
    return files


def _agent_files(world: World) -> list[dict[str, Any]]:
    """Each lists all agents again: since when each was last used is another day every week."""
    feed, files = world.story.feeds.agents, []
    for newest in range(1, world.days + 1, feed.every):
        listed = listed_agents(world, newest)
        if listed:
            unmatched = sum(not one.application for one in listed)
            files.append(_batch("agents", feed, newest, len(listed), [], world) | {"unmatched": unmatched})
    return files


def _cloud_files(world: World) -> list[dict[str, Any]]:
    """Each reports all apps again."""
    feed, apps = world.story.feeds.cloud_apps, reported_apps(world)
    unmatched = sum(not one.application for one in apps)
    days = range(1, world.days + 1, feed.every)
    return [_batch("cloud_apps", feed, ago, len(apps), [], world) | {"unmatched": unmatched} for ago in days]


def _metric_files(world: World, values: Iterable[Measured]) -> list[dict[str, Any]]:
    feed = world.story.feeds.metrics
    return [_batch("metrics", feed, ago, count, [], world) for ago, count in Counter(one.ago for one in values).items()]


def _dictionary_files(world: World) -> list[dict[str, Any]]:
    told, feed = world.story.dictionary, world.story.feeds.dictionary
    age = dictionary_age(world)
    lists = {"sensitivity_labels": told.labels, "information_types": told.types}
    return [
        _batch(
            kind, Feed(every=1, at_hour=feed.at_hour, file=feed.file.replace("{kind}", kind)), age, len(rows), [], world
        )
        for kind, rows in lists.items()
    ]


def _batch(
    kind: str,
    feed: Feed,
    ago: int,
    stored: int,
    bad: Sequence[QuarantineStory],
    world: World,
    duplicates: int = 0,
    ignored: int = 0,
) -> dict[str, Any]:
    rows = stored + duplicates + ignored + len(bad)
    came = at_hour(world, ago - 1, feed.at_hour) if ago > 1 else at_hour(world, 1, 22)
    name = feed.file.format(day=world.day(ago).isoformat())
    size = rows * BYTES_A_ROW.get(kind, DICTIONARY_BYTES)
    done = came + timedelta(seconds=2 + rows / ROWS_A_SECOND)
    return {
        "kind": kind,
        "file_name": name,
        "stored_as": "",
        "size": size,
        "sha256": hashlib.sha256(name.encode()).hexdigest(),
        "uploaded_by_id": None,
        "state": BatchState.DONE,
        "attempts": 1,
        "bytes_read": size,
        "next_line": rows + 2,
        "rows": rows,
        "stored": stored,
        "duplicates": duplicates,
        "quarantined": len(bad),
        "ignored": ignored,
        "unmatched": 0,
        "newest_at": at_hour(world, ago, 21) if kind in DATED else None,
        "error": "",
        "created_at": came,
        "started_at": came,
        "finished_at": done,
        "door": Door.API if kind in world.sources else Door.CONSOLE,
        "feed_id": world.sources.get(kind),
        "bad": bad,
    }
