"""Tables without what makes large inserts slow, for as long as they take: as a restore of a database does it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection
from django.db.models import Model

_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid = ANY(%s::regclass[]) ORDER BY conrelid, conname"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE NOT indisunique AND indrelid = ANY(%s::regclass[]) ORDER BY indexrelid"""


@contextmanager
def bare(models: Sequence[type[Model]], indexes: bool = False) -> Iterator[None]:
    """Without foreign keys (and, with `indexes`, without indexes that are not unique) inside; with them afterwards.

    Row by row, checking twelve million rows costs minutes; putting a key back checks them all in one join. Within a
    transaction only: if anything fails, the tables are as they were.
    """
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what is still to be checked stands in the way of a change
        cursor.execute(_FOREIGN_KEYS, [tables])
        keys = cursor.fetchall()
        cursor.execute(_INDEXES, [tables])
        dropped = cursor.fetchall() if indexes else []
        for table, name, _ in keys:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _ in dropped:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _, definition in dropped:
            cursor.execute(definition)
        for table, name, definition in keys:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
