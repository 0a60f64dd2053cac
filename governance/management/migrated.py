"""Is the database as this version of the code wants it? Cheap when nothing has changed."""

import copy
import gc
import hashlib
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field
from pgtrigger.migrations import AddTrigger, RemoveTrigger

from governance import embedded

# One number for "who migrates": of several commands or hosts that start at once, one does and the others wait.
MIGRATION_LOCK = 7_240_113


def _fingerprint() -> str:
    """Changes whenever a migration file of any installed app comes or goes."""
    names = sorted(
        f"{config.label}/{file.name}"
        for config in apps.get_app_configs()
        for file in Path(config.path, "migrations").glob("*.py")
    )
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _marker() -> Path | None:
    """Where the fingerprint of the last migrated state lies: inside the embedded cluster, so that it goes with it.
    None for a database elsewhere, which is asked every time."""
    if "postgres" not in embedded.needed():
        return None
    return embedded.Home(embedded.state_folder()).database / "hub-migrated"


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def waiting_migrations() -> int:
    """How many migrations have not been applied."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _without_models(change: Callable[..., None]) -> Callable[..., None]:
    """A trigger changes nothing of a model, yet pgtrigger makes the model and all around it anew for each."""

    def state_forwards(operation: Operation, app_label: str, state: ProjectState) -> None:
        state.reload_model = lambda *args, **options: None  # type: ignore[method-assign]
        try:
            change(operation, app_label, state)
        finally:
            del state.reload_model

    return state_forwards


def _copied(make_anew: Callable[..., Field]) -> Callable[..., Field]:
    """Models are made of copies of a step's fields. Django writes each down and makes it again of what is written."""

    def clone(field: Field) -> Field:
        if hasattr(field, "base_field") or field.generated:  # hold another field, which takes note of its model
            return make_anew(field)
        made: Field = copy.deepcopy(field)
        made.creation_counter = Field.creation_counter  # the order of a model's columns, as if it were a new one
        Field.creation_counter += 1
        return made

    return clone


@contextmanager
def fewer_models() -> Iterator[None]:
    """Migrate without waste: thousands of models come and go in a first migration. Fewer of them, made of cheaper
    fields, and the collector doesn't look again and again through those that live to the last step."""
    plain = {kind: kind.state_forwards for kind in (AddTrigger, RemoveTrigger)}
    make_anew = Field.clone
    gc.disable()
    try:
        for kind, change in plain.items():
            kind.state_forwards = _without_models(change)  # type: ignore[method-assign]
        Field.clone = _copied(make_anew)  # type: ignore[assignment,method-assign]
        yield
    finally:
        Field.clone = make_anew  # type: ignore[method-assign]
        for kind, change in plain.items():
            kind.state_forwards = change  # type: ignore[method-assign]
        gc.enable()


def _apply() -> None:
    """Run Django's `migrate`; a failure becomes one line, and the whole of it goes to a log."""
    try:
        with fewer_models():
            call_command("migrate", interactive=False, verbosity=0, stdout=sys.stderr)
    except Exception as error:
        log = embedded.state_folder() / "logs" / "migrate.log"
        log.write_text(traceback.format_exc(), encoding="utf-8")
        told = next(iter(str(error).splitlines()), type(error).__name__)
        raise CommandError(
            f"A migration failed, so nothing was started: {told} (all of it: {log}). "
            f"The steps before it stand. Mend the cause and start again."
        ) from error


def migrate() -> bool:
    """Apply what is waiting; True if there was anything."""
    marker, fingerprint = _marker(), _fingerprint()
    if marker and marker.exists() and marker.read_text(encoding="ascii") == fingerprint:
        return False
    with _alone():
        waiting = waiting_migrations()
        if waiting:
            _apply()
        if marker:
            marker.write_text(fingerprint, encoding="ascii")
    return bool(waiting)


def migrate_if_fresh() -> None:
    """Migrate an embedded database that has never been; a database that merely lags behind is not touched by the
    way: that is for `make run`, or `manage.py migrate`, to do on purpose."""
    marker = _marker()
    if marker is None:
        return
    if not marker.exists():
        embedded.to_stderr("A new state folder: preparing the database …")
        migrate()
    elif marker.read_text(encoding="ascii") != _fingerprint():
        if waiting := waiting_migrations():
            raise CommandError(
                f"The database is older than this version: {waiting} migrations are waiting. "
                f"Run: python manage.py migrate (or make run)."
            )
        marker.write_text(_fingerprint(), encoding="ascii")
