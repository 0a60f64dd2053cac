"""COPY into the tables of models, and dated versions of what people state into the row history."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import pgtrigger
from django.db import connection
from django.db.models import JSONField, Model

INSERT, UPDATE = "insert", "update"
_HISTORY = ("insert_insert", "update_update", "delete_delete")


@dataclass(frozen=True, slots=True)
class Version:
    """The values of a row from a moment on."""

    at: datetime
    values: Sequence[Any]


@contextmanager
def dated_history(*models: type[Model]) -> Iterator[None]:
    """Inside, the history triggers of these models are silent: the caller writes the versions with their own dates."""
    with pgtrigger.ignore(*(f"{model._meta.label}:{name}" for model in models for name in _HISTORY)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")  # carries the setting into the transaction; COPY itself doesn't pass the wrapper
        yield


def reserve(model: type[Model], count: int) -> list[int]:
    """`count` fresh primary keys of the model, ascending."""
    if not count:
        return []
    pk = model._meta.pk
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, pk.column, count],
        )
        return sorted(row[0] for row in cursor.fetchall())


def copy_rows(model: type[Model], fields: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """COPY rows with these fields (names of model fields, or `…_id`); returns how many."""
    found = [_field(model, name) for name in fields]
    documents = {i for i, field in enumerate(found) if isinstance(field, JSONField)}
    columns = ", ".join(f'"{field.column}"' for field in found)
    count = 0
    with connection.cursor() as cursor, cursor.copy(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN') as copy:
        for row in rows:
            if documents:
                row = [_json(value) if i in documents else value for i, value in enumerate(row)]
            copy.write_row(row)
            count += 1
    return count


def copy_into(cursor: Any, table: str, rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into a temporary table, all of its columns in order."""
    with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


def analyse(*models: type[Model]) -> None:
    """Let the planner know what was written, of these models or of all: nothing else tells it within one transaction,
    and after it autovacuum takes a minute, in which a page of millions of answers takes a second."""
    tables = ", ".join(f'"{model._meta.db_table}"' for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {tables}")


def copy_versions(
    model: type[Model],
    fields: Sequence[str],
    lives: Iterable[Sequence[Version]],
    current_only: Mapping[str, Any] | None = None,
) -> list[int]:
    """Write rows of a tracked model with their whole life: the newest version into the table, each into the history.

    `current_only`: the same value in each row, of a field that the history leaves out. Returns the primary keys in the
    order of `lives`.
    """
    given = list(lives)
    extra = current_only or {}
    keys = reserve(model, len(given))
    pk = model._meta.pk.name
    with dated_history(model):
        copy_rows(
            model,
            [pk, *extra, *fields],
            ([key, *extra.values(), *life[-1].values] for key, life in zip(keys, given, strict=True)),
        )
    copy_rows(
        history_of(model),
        ["pgh_created_at", "pgh_label", "pgh_obj", pk, *fields],
        (
            [version.at, UPDATE if step else INSERT, key, key, *version.values]
            for key, life in zip(keys, given, strict=True)
            for step, version in enumerate(life)
        ),
    )
    return keys


def history_of(model: type[Model]) -> type[Model]:
    """The model that keeps the versions of a tracked one."""
    return model._meta.get_field("events").related_model  # type: ignore[return-value]


def _field(model: type[Model], name: str) -> Any:
    return next(field for field in model._meta.concrete_fields if name in (field.name, field.attname))


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
