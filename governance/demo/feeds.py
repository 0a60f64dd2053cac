"""Writes what the feeds told: the user list, daily figures, sightings and alerts."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from governance.demo.alerts import Happened
from governance.demo.casework import work_on, write_casework
from governance.demo.copying import copy_into, copy_rows, reserve
from governance.demo.organisation import MAIL
from governance.demo.story import UNASSIGNED, SightingStory
from governance.demo.usage import DayFigures, usage_stories
from governance.demo.world import World
from inventory.choices import Operation
from inventory.models import Alert, DailyUsage, DirectoryUser, SeenUser, Sighting
from inventory.services.pseudonyms import pseudonym

WHOSE = ("application_id", "sighting_id", "department_id", "day")
MARKS = ("sensitive", "jailbreak", "injection", "attacks", "off_hours", "files", "unlabelled")
USAGE = (*WHOSE, "interactions", "users", *MARKS, "visits", "uploaded")
LEAST_SENT, MOST_SENT = 800, 8_000  # bytes with a visit, on average of a day
# What made an interaction sensitive: (labels, information types, how often)
SENSITIVE: list[tuple[list[str], list[str], int]] = [
    (["Confidential"], [], 50),
    (["Highly Confidential"], [], 1),
    ([], ["International Banking Account Number (IBAN)"], 25),
    ([], ["EU Debit Card Number"], 12),
    ([], ["EU National Identification Number"], 12),
]
FIRST_HOUR, LAST_HOUR = timedelta(hours=7), timedelta(hours=22)  # between which all single events happen
_NAMESPACE = uuid.UUID("5f0c1a10-0000-4000-8000-00000000feed")  # of the invented object ids

People = dict[str, list[str]]  # department → pseudonyms of its people


def write_people_of_feeds(world: World) -> People:
    """The user list: everybody with a work account, and the accounts that no list holds."""
    people: People = defaultdict(list)
    rows = []
    for person in world.story.people:
        key = next((d.key for d in world.story.departments if d.head == person.username), person.roles[0].department)
        rows.append((key, person.username, person.name))
    for department in world.story.departments:
        rows += [
            (department.key, f"{department.key}.{n:03d}", f"Colleague {n} of {department.name}")
            for n in range(1, department.staff + 1)
        ]
    copied = []
    for key, username, name in rows:
        upn = f"{username}@{MAIL}"
        object_id = str(uuid.uuid5(_NAMESPACE, upn))
        own = pseudonym(object_id)
        people[key].append(own)
        copied.append((own, pseudonym(upn), object_id, upn, name, world.departments[key], True, world.now))
    copy_rows(
        DirectoryUser,
        ("pseudonym", "upn_pseudonym", "object_id", "upn", "name", "department_id", "enabled", "updated_at"),
        copied,
    )
    people[UNASSIGNED] = _write_visitors(world)
    return people


def _write_visitors(world: World) -> list[str]:
    most = max(usage.people for _, usage, _ in usage_stories(world))
    names = [f"visitor{n:04d}@chat.{MAIL}" for n in range(1, most + 1)]
    rows = [(pseudonym(name), name) for name in names]
    copy_rows(SeenUser, ("pseudonym", "name"), rows)
    return [own for own, _ in rows]


def write_sightings(world: World, figures: Iterable[DayFigures]) -> dict[str, int]:
    """What is in use without being registered; returns the primary keys by the name seen."""
    seen = {one.name: one for one in world.story.sightings}
    total: dict[str, list[int]] = {}
    visits: Counter[str] = Counter()
    for day in figures:
        if day.who in seen:
            count, first, last = total.get(day.who, [0, day.ago, day.ago])
            total[day.who] = [count + day.interactions, max(first, day.ago), min(last, day.ago)]
            visits[day.who] += day.visits
    names = [name for name in seen if name in total]
    keys = dict(zip(names, reserve(Sighting, len(names)), strict=True))
    copy_rows(
        Sighting,
        (
            *("id", "name", "folded", "operations", "agent_id", "app_identity", "host"),
            *("candidates", "reason", "interactions", "visits", "first_seen", "last_seen"),
        ),
        (
            [
                *(keys[name], name, name.casefold(), _operations(seen[name])),
                *(
                    seen[name].agent,
                    seen[name].identity,
                    seen[name].host or seen[name].site,
                    [],
                    "Nothing registered fits.",
                ),
                *(total[name][0], visits[name], world.start_of(world.day(total[name][1])) + FIRST_HOUR),
                world.start_of(world.day(total[name][2])) + LAST_HOUR,
            ]
            for name in names
        ),
    )
    return keys


def _operations(seen: SightingStory) -> list[int]:
    if seen.agent:
        return [Operation.COPILOT]
    return [Operation.CONNECTED if seen.host else Operation.AI_APP, *([Operation.VISIT] if seen.site else [])]


def write_usage(world: World, figures: Iterable[DayFigures], sightings: dict[str, int], people: People) -> None:
    """Daily figures, who they were, and what was sensitive about them."""
    pools = _pools(world, people)
    usage, users, sensitive = [], [], []
    for one in figures:
        pool = pools[one.who, one.department]
        count = min(one.users, len(pool.people))
        whose = (
            world.registered.get(one.who),
            sightings.get(one.who),
            world.department(one.department),
            world.day(one.ago),
        )
        kinds = list(_sensitive(one, world))
        marks = (one.sensitive, one.jailbreak, one.injection, one.attacks, one.off_hours)
        uploaded = one.visits * world.chance.whole(LEAST_SENT, MOST_SENT, one.who, one.department, one.ago, "sent")
        usage.append((*whose, one.interactions, count, *marks, *_files(one, kinds), one.visits, uploaded))
        first = world.chance.whole(0, len(pool.people) - 1, one.who, one.department, one.ago, "who")
        users.append((*whose, pool.number, first, count, len(pool.people)))
        sensitive += [(*whose, place, count) for place, count in kinds]
    copy_rows(DailyUsage, USAGE, usage)
    _expand_users(pools.values(), users)
    _expand_sensitive(sensitive)


@dataclass(frozen=True, slots=True)
class _Pool:
    """The people who use something at all, in an order of its own."""

    number: int
    people: list[str]


def _pools(world: World, people: People) -> dict[tuple[str, str], _Pool]:
    """By what is used and the department of those who use it."""
    pools: dict[tuple[str, str], _Pool] = {}
    for who, usage, _ in usage_stories(world):
        whole = sum(usage.by.values())
        for department, weight in usage.by.items():
            size = max(1, round(usage.people * weight / whole))
            ranked = sorted(people[department], key=lambda own, who=who: world.chance.share(who, own))  # type: ignore[misc]
            pools[who, department] = _Pool(len(pools), ranked[:size])
    return pools


def _expand_users(pools: Iterable[_Pool], users: Iterable[Sequence[Any]]) -> None:
    """Each day's people are the next ones of their pool, from a first one on; one row in is many rows out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE demo_pool (pool int, place int, pseudonym uuid) ON COMMIT DROP;"
            "CREATE TEMP TABLE demo_users (application_id bigint, sighting_id bigint, department_id bigint, day date,"
            " pool int, first int, count int, size int) ON COMMIT DROP"
        )
        copy_into(cursor, "demo_pool", ((p.number, place, own) for p in pools for place, own in enumerate(p.people)))
        copy_into(cursor, "demo_users", users)
        cursor.execute(
            "INSERT INTO inventory_dailypeople (application_id, sighting_id, department_id, day, people)"
            " SELECT application_id, sighting_id, department_id, day, array_agg(DISTINCT pseudonym) FROM demo_users u"
            " CROSS JOIN LATERAL generate_series(0, u.count - 1) n"
            " JOIN demo_pool p ON p.pool = u.pool AND p.place = (u.first + n) % u.size"
            " GROUP BY application_id, sighting_id, day, department_id"
        )


def _expand_sensitive(sensitive: Iterable[Sequence[Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE demo_kinds (place int, labels text[], types text[]) ON COMMIT DROP;"
            "CREATE TEMP TABLE demo_sensitive (application_id bigint, sighting_id bigint, department_id bigint,"
            " day date, place int, count int) ON COMMIT DROP"
        )
        copy_into(cursor, "demo_kinds", ((n, labels, types) for n, (labels, types, _) in enumerate(SENSITIVE)))
        copy_into(cursor, "demo_sensitive", sensitive)
        # The digest as `inventory.services.imports.figures` takes it, so that a later feed adds to the same rows
        cursor.execute(
            "INSERT INTO inventory_dailysensitive"
            " (application_id, sighting_id, department_id, day, labels, information_types, digest, interactions)"
            " SELECT application_id, sighting_id, department_id, day, labels, types,"
            " md5(labels::text || '/' || types::text)::uuid, count FROM demo_sensitive JOIN demo_kinds USING (place)"
            " ORDER BY application_id, sighting_id, day, department_id, place"
        )


def _sensitive(one: DayFigures, world: World) -> Iterator[tuple[int, int]]:
    """The day's sensitive interactions shared out over what made them so; they add up to the day's figure."""
    left = one.sensitive
    if not left:
        return
    weights = [weight for *_, weight in SENSITIVE]
    draws = world.chance.shares(len(SENSITIVE), one.who, one.department, one.ago, "sensitive")
    for place, weight in enumerate(weights):
        rest = sum(weights[place:])
        count = left if rest == weight else min(left, int(left * weight / rest + draws[place]))
        if count:
            yield place, count
            left -= count


def _files(one: DayFigures, kinds: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Files read, and those without a label. An interaction that carries a label read one file with it."""
    if one.unlabelled is None:
        return 0, 0
    return one.unlabelled + sum(count for place, count in kinds if SENSITIVE[place][0]), one.unlabelled


def write_alerts(world: World, alerts: Sequence[Happened]) -> None:
    """The alerts as they stand today, with what people did about them."""
    world.alerts.update(zip((one.id for one in alerts), reserve(Alert, len(alerts)), strict=True))
    rows = [_alert(one, world) for one in alerts]
    if rows:
        copy_rows(Alert, list(rows[0]), (list(row.values()) for row in rows))
    write_casework(world, alerts)


def _alert(one: Happened, world: World) -> dict[str, Any]:
    line = one.line
    return {
        "id": world.alerts[one.id],
        "external_id": one.id,
        "title": line.title,
        "severity": line.severity,
        "tactics": _named(line.tactics),
        "type": line.type,
        "technique": "",
        "state": one.state,
        "feed_state": one.state,
        "application_id": world.registered.get(line.application or ""),
        "resource": line.resource,
        "at": one.at,
        "resolved_at": one.closed_at,
        "received_at": one.at,
        **work_on(one, world),
    }


def _named(tactics: list[str]) -> list[str]:
    """Tactics as alerts write them: "Privilege Escalation"."""
    return [tactic.replace("_", " ").title() for tactic in tactics]


def at_hour(world: World, ago: int, hour: int) -> datetime:
    """That hour of the day so many days before as-of."""
    minutes = hour * 60 + world.chance.whole(0, 40, ago, hour)
    return world.start_of(world.day(ago)) + timedelta(minutes=minutes)
