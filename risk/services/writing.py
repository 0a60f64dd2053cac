"""Sets of rows into tables: COPY, and COPY with an upsert that touches only what differs.

Rows are values, or one text as COPY takes it, a line a row.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from django.db import connection
from django.db.models import Model
from psycopg import sql

Rows: TypeAlias = Iterable[Sequence[object]] | str


def copy_in(model: type[Model], columns: Sequence[str], rows: Rows) -> int:
    """Append rows; returns how many."""
    return _copy(sql.Identifier(model._meta.db_table), columns, rows)


def upsert(
    model: type[Model],
    columns: Sequence[str],
    key: Sequence[str],
    rows: Rows,
    ignored: Sequence[str] = (),
) -> int:
    """Insert rows, or update those with the same `key` where a column differs; returns how many were written.

    A row whose only differences are in `ignored` columns counts as the same, so an unchanged recalculation leaves no
    dead rows behind. Inside a transaction only: the draft is empty after it.
    """
    table = sql.Identifier(model._meta.db_table)
    draft = sql.Identifier(f"draft_{model._meta.db_table}")
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "CREATE TEMP TABLE IF NOT EXISTS {} ON COMMIT DELETE ROWS AS SELECT {} FROM {} WITH NO DATA"
            ).format(draft, names, table)
        )
        _copy(draft, columns, rows)
        values = [c for c in columns if c not in key]
        compared = [c for c in values if c not in ignored]
        cursor.execute(
            sql.SQL(
                "INSERT INTO {table} ({names}) SELECT {names} FROM {draft} ORDER BY {key}"
                " ON CONFLICT ({key}) DO UPDATE SET {set}"
                " WHERE ({old}) IS DISTINCT FROM ({new})"
            ).format(
                table=table,
                names=names,
                draft=draft,
                key=_list(key),
                set=sql.SQL(", ").join(sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(c)) for c in values),
                old=sql.SQL(", ").join(sql.Identifier(model._meta.db_table, c) for c in compared),
                new=sql.SQL(", ").join(sql.SQL("EXCLUDED.{}").format(sql.Identifier(c)) for c in compared),
            )
        )
        written = cursor.rowcount
        cursor.execute(sql.SQL("TRUNCATE {}").format(draft))
    return written


def _list(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _copy(table: sql.Identifier, columns: Sequence[str], rows: Rows) -> int:
    with connection.cursor() as cursor:
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(table, _list(columns))
        with cursor.copy(statement) as copy:
            if isinstance(rows, str):
                copy.write(rows)
            else:
                for row in rows:
                    copy.write_row(row)
        return cursor.rowcount
