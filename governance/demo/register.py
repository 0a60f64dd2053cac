"""Writes the register: applications with every step of their lifecycle, and the names under which feeds see them."""

from collections.abc import Iterator
from datetime import date, timedelta

from governance.demo.copies import Pair
from governance.demo.copying import Version, copy_versions
from governance.demo.scale import host_of
from governance.demo.story import ApplicationStory
from governance.demo.world import World
from inventory.models import AIApplication, Identifier

APPLICATION = (
    "external_id",
    "name",
    "purpose",
    "kind",
    "origin",
    "vendor",
    "department_id",
    "lifecycle",
    "owner_id",
    "deputy_id",
    "next_review",
    "registered_at",
    "updated_at",
)
IDENTIFIER = ("application_id", "kind", "value", "folded")
REVIEW_EVERY = 365  # days; a few are late on purpose
LATE_REVIEWS = 0.15


def write_register(world: World) -> None:
    """The applications of the story and the models, and their identifiers."""
    lives = [list(_life(app, world)) for app in world.applications]
    keys = copy_versions(AIApplication, APPLICATION, lives)
    world.registered.update(zip((app.id for app in world.applications), keys, strict=True))
    copy_versions(
        Identifier,
        IDENTIFIER,
        [
            [Version(lives[n][0].at, (keys[n], kind, value, value.casefold()))]
            for n, app in enumerate(world.applications)
            for kind, values in app.identifiers.items()
            for value in values
        ],
    )


def write_copies(world: World) -> list[Pair]:
    """The copies of models, each with an identifier of its own; returns what each is a copy of."""
    stories = {app.id: list(_life(app, world))[-1] for app in world.models}
    fields = {name: place for place, name in enumerate(APPLICATION)}
    lives, hosts = [], []
    for external_id, name, department, model in world.copies:
        values = list(stories[model].values)
        values[fields["external_id"]] = external_id
        values[fields["name"]] = name
        values[fields["department_id"]] = world.departments[department]
        lives.append([Version(stories[model].at, values)])
        hosts.append(host_of(external_id))
    keys = copy_versions(AIApplication, APPLICATION, lives)
    copy_versions(
        Identifier,
        IDENTIFIER,
        [[Version(life[0].at, (key, "host", host, host))] for key, host, life in zip(keys, hosts, lives, strict=True)],
    )
    return [
        (key, world.registered[model], world.departments[department])
        for key, (_, _, department, model) in zip(keys, world.copies, strict=True)
    ]


def _life(app: ApplicationStory, world: World) -> Iterator[Version]:
    registered = world.moment(app.registered, app.id)
    for lifecycle, ago in [("idea", app.registered), *app.path.items()]:
        at = max(registered, world.moment(ago, app.id))
        yield Version(
            at,
            (
                app.id,
                app.name,
                app.purpose,
                app.kind,
                app.origin,
                app.vendor,
                world.departments[app.department],
                lifecycle,
                world.people[app.owner],
                world.people[app.deputy] if app.deputy else None,
                _next_review(app, lifecycle, ago, world),
                registered,
                at,
            ),
        )


def _next_review(app: ApplicationStory, lifecycle: str, ago: int, world: World) -> date | None:
    """The next review on the day of that step: a year after it, and so on each year; live applications only."""
    if lifecycle != "live":
        return None
    reviews = ago // REVIEW_EVERY
    if reviews and world.chance.share(app.id, "late review") < LATE_REVIEWS:
        reviews -= 1
    return world.day(ago) + timedelta(days=REVIEW_EVERY * (reviews + 1))
