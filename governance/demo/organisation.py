"""Writes the bank: its departments, its people with their roles, and what holds for the whole organisation."""

from typing import Any

from governance.demo.copying import Version, copy_rows, copy_versions, history_of
from governance.demo.story import ROOT, DepartmentStory
from governance.demo.world import World
from inventory.models import Department, Role, User
from risk.models import OrganisationAnswer

FOUNDED = 1200  # days before as-of: the bank was there before its first application
MAIL = "alderfinch.example"
DEPARTMENT = ("key", "name", "parent_id", "head_id", "cost_centre", "aliases", "from_feed")
USER = ("username", "email", "display_name", "is_active", "date_joined")


def write_organisation(world: World) -> None:
    """Departments, people, roles and organisation facts, with their history."""
    _write_people(world)
    _name_root(world)
    _write_departments(world)
    _write_roles(world)
    _write_facts(world)


def _write_people(world: World) -> None:
    joined = world.moment(FOUNDED, "people")
    lives = [[Version(joined, (p.username, f"{p.username}@{MAIL}", p.name, True, joined))] for p in world.story.people]
    # "!": no password can match; these people sign in by one-time link
    keys = copy_versions(User, USER, lives, current_only={"password": "!"})
    world.people.update(zip((p.username for p in world.story.people), keys, strict=True))


def _name_root(world: World) -> None:
    root = Department.objects.root()
    world.departments[ROOT] = root.pk
    head = world.people["odile.marchbank"]
    at = world.moment(FOUNDED, ROOT)
    values: tuple[Any, ...] = (root.key, world.story.name, None, head, "1000", [], False)
    fields = ["pgh_created_at", "pgh_label", "pgh_obj", "id", *DEPARTMENT]
    copy_rows(history_of(Department), fields, [[at, "insert", root.pk, root.pk, *values]])
    Department.objects.filter(pk=root.pk).update(name=world.story.name, head_id=head, cost_centre="1000")


def _write_departments(world: World) -> None:
    waiting = list(world.story.departments)
    while waiting:  # one level of the tree after the other
        level = [one for one in waiting if one.parent in world.departments]
        keys = copy_versions(Department, DEPARTMENT, [[_department(one, world)] for one in level])
        waiting = [one for one in waiting if one.parent not in world.departments]
        world.departments.update(zip((one.key for one in level), keys, strict=True))


def _department(one: DepartmentStory, world: World) -> Version:
    parent, head = world.departments[one.parent], world.people[one.head]
    values = (one.key, one.name, parent, head, one.cost_centre, one.aliases, False)
    return Version(world.moment(FOUNDED, one.key), values)


def _write_roles(world: World) -> None:
    given = [(p.username, role) for p in world.story.people for role in p.roles]
    copy_versions(
        Role,
        ("user_id", "department_id", "kind"),
        [
            [
                Version(
                    world.moment(FOUNDED - 5, username, role.kind),
                    (world.people[username], world.departments[role.department], role.kind),
                )
            ]
            for username, role in given
        ],
    )


def _write_facts(world: World) -> None:
    by = world.people["bram.okonvale"]
    lives = []
    for question, value in world.story.facts.items():
        at = world.moment(FOUNDED - 20, question)
        lives.append([Version(at, (world.departments[ROOT], question, value, at, by))])
    copy_versions(OrganisationAnswer, ("department_id", "question", "value", "answered_at", "answered_by_id"), lives)
