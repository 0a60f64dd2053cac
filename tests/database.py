"""The tests' database: migrated once, then copied.

Running every migration takes many seconds, copying a database takes a tenth of one. So the migrated state is kept as
a template, named after the migrations it was made from, and each session (each worker of xdist) gets a copy. What a
test commits is taken back afterwards (tests/renewing.py): the rows that migrations make are there again, and the
triggers that refuse TRUNCATE stay on, as in production.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.db import connection, connections

from governance.management.migrated import fewer_models

PREFIX = "hub_template_"
TEMPLATE_LOCK = 7_240_114


def template_name() -> str:
    """Changes with every byte of every migration of ours, and with the libraries' files."""
    digest = hashlib.sha256()
    for config in sorted(apps.get_app_configs(), key=lambda config: config.label):
        for file in sorted(Path(config.path, "migrations").glob("*.py")):
            digest.update(f"{config.label}/{file.name}\n".encode() + file.read_bytes())
    return PREFIX + digest.hexdigest()[:20]


def _exists(name: str) -> bool:
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [name])
        return bool(cursor.fetchone()[0])


def _make_template(name: str) -> None:
    """Migrate under another name and rename, so that half a template is never copied. Old ones go."""
    draft = f"{name}_draft"
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        for (old,) in cursor.fetchall():
            cursor.execute(f'DROP DATABASE "{old}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{draft}"')
    _point_to(draft)
    with fewer_models():
        call_command("migrate", interactive=False, verbosity=0)
    connections.close_all()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')


def _point_to(name: str) -> None:
    connections.close_all()
    connection.settings_dict["NAME"] = connections.databases["default"]["NAME"] = name


def copy_template(target: str) -> None:
    """Drop `target` and make it again as a copy of the migrated template."""
    name = template_name()
    with connection._nodb_cursor() as lock:  # held on a connection of its own; other workers wait here
        lock.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        if not _exists(name):
            _make_template(name)
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{target}" TEMPLATE "{name}"')
    _point_to(target)


@contextmanager
def test_database() -> Iterator[str]:
    """A copy for this session, dropped afterwards. Yields its name."""
    original = connection.settings_dict["NAME"]
    target = connection.creation._get_test_db_name()
    copy_template(target)
    try:
        yield target
    finally:
        _point_to(original)
        drop(target)


def drop(target: str) -> None:
    """Whoever is still connected to it is cut off."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)')
