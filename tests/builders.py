"""Builders: what a test needs, made through the services, as a user or a feed would make it."""

from itertools import count

from inventory.choices import ApplicationKind, Lifecycle, RoleKind
from inventory.models import AIApplication, Department, Role, User
from inventory.services import applications

_serial = count(1)


def make_department(name: str, parent: Department | None = None, key: str = "", **fields) -> Department:
    """A department under `parent` (the organisation where none is given)."""
    return Department.objects.create(
        name=name,
        key=key or name.lower().replace(" ", "-"),
        parent=parent or Department.objects.root(),
        **fields,
    )


def make_user(username: str, *roles: tuple[RoleKind, Department]) -> User:
    """A person with the given roles, who can sign in only through `client.force_login`."""
    user = User.objects.create_user(username, f"{username}@bank.example", username.capitalize())
    for kind, department in roles:
        Role.objects.create(user=user, kind=kind, department=department)
    return user


def make_application(department: Department, name: str = "", **fields) -> AIApplication:
    """A registered AI application, live unless said otherwise."""
    given = {
        "name": name or f"Application {next(_serial)}",
        "purpose": "Summarises letters for clerks.",
        "kind": ApplicationKind.APPLICATION,
        "lifecycle": Lifecycle.LIVE,
        **fields,
    }
    return applications.register_application(actor=None, department=department, **given)
