"""Stages: databases on which a test's people and applications stand already.

Making the cast or the estate anew for each test took a good part of the suite. So each is made once a session, in a
copy of the migrated database; a test that asks for it works there in a transaction that is taken back, with copies of
the objects. A test that commits, or that asks for nothing of this, has a plain database, and makes what it needs.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import pytest
from django.db import connection, connections, transaction

from tests.cast import make_cast
from tests.database import copy_template, drop
from tests.governance.estate import make_estate
from tests.risk.begun import make_begun


def _cast() -> dict[str, Any]:
    return {"cast": make_cast()}


def _begun() -> dict[str, Any]:
    made = _cast()
    return {**made, "application": make_begun(made["cast"])}


def _estate() -> dict[str, Any]:
    made = _cast()
    return {**made, "estate": make_estate(made["cast"])}


# Fixture, where it is defined (a file's own fixture of that name is another one), and what makes it; the fullest first
STAGES: Mapping[tuple[str, str], Callable[[], dict[str, Any]]] = {
    ("estate", "tests.governance.estate"): _estate,
    ("application", "tests.risk.conftest"): _begun,
    ("cast", "tests.cast"): _cast,
}


class Ready(NamedTuple):
    """A stage that is set: its database, and the objects as they were made, by the fixture that gives them."""

    database: str
    objects: dict[str, Any]


_ready: dict[str, Ready] = {}
_connected: dict[str, Any] = {}  # to databases that aren't in use just now


def wanted(item: pytest.Item) -> str | None:
    """Which stage a test needs. None if it commits: then the database must be its own."""
    marker = item.get_closest_marker("django_db")
    names: list[str] = getattr(item, "fixturenames", [])
    if "transactional_db" in names or "live_server" in names or (marker and marker.kwargs.get("transaction")):
        return None
    defined = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]  # nothing public tells
    for name, module in STAGES:
        if name in names and defined[name][-1].func.__module__ == module:
            return name
    return None


def enter(name: str) -> dict[str, Any]:
    """Turn the connection to a stage, which is set first if this is its first test. Copies of its objects."""
    plain = connection.settings_dict["NAME"]
    if name in _ready:
        _turn_to(_ready[name].database)
    else:
        _set(name, f"{plain}_{name}")
    return deepcopy(_ready[name].objects)


def leave(plain: str) -> None:
    """Turn the connection back to the plain database."""
    _turn_to(plain)


def clear() -> None:
    """Drop all stages, at the end of the session."""
    for name in list(_connected):
        _connected.pop(name).close()
    for name in list(_ready):
        drop(_ready.pop(name).database)


def _set(name: str, database: str) -> None:
    _turn_to(database)
    copy_template(database)
    make = next(make for (fixture, _), make in STAGES.items() if fixture == name)
    with transaction.atomic():
        objects = make()
        connection.run_on_commit.clear()  # nobody is rung, as in a test whose transaction is taken back
    _ready[name] = Ready(database, objects)


def _turn_to(database: str) -> None:
    """Other tests come back to where they were, so the connection to it stays open."""
    current = connection.settings_dict["NAME"]
    if current == database:
        return
    _connected[current], connection.connection = connection.connection, _connected.pop(database, None)
    connection.settings_dict["NAME"] = connections.databases["default"]["NAME"] = database
