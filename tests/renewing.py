"""After a test that commits: its database as it was before, by taking back only what the test has written.

Most such tests write a few rows of a few tables, and putting those right costs a tenth of a new copy of the template.
What differs from the copy as it came is put back, past the triggers that refuse it. Where a test changed the schema
(a month's partition, a migration) or wrote a lot, the database is copied anew.
"""

from typing import Any

from django.db import connection, connections, transaction

from tests.database import copy_template

MUCH = 4 * 1024 * 1024  # bytes of one table, dead rows among them: looking through it costs more than a new copy

# The newest row of each catalogue tells of any change. Statistics aren't looked at: anybody may gather them.
_SCHEMA = "SELECT count(*), max(oid::bigint) FROM pg_class UNION ALL " + " UNION ALL ".join(
    f"SELECT count(*), max(xmin::text::bigint) FROM {catalogue}"
    for catalogue in ("pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_proc", "pg_rewrite", "pg_trigger")
)
_OURS = "FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_SEQUENCES = "SELECT sequencename, start_value, last_value FROM pg_sequences WHERE schemaname = 'public'"
_CUT_OFF = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def _digests(tables: list[str]) -> dict[str, tuple[Any, ...]]:
    """Each table's rows, as their number and one digest."""
    each = "SELECT '{0}', count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM {0} t"
    return {name: tuple(held) for name, *held in _rows(" UNION ALL ".join(map(each.format, tables)))}


class Pristine:
    """A database as it came from the template, to bring it back to that."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.schema = _rows(_SCHEMA)
        self.digests = _digests([name for (name,) in _rows(f"SELECT oid::regclass::text {_OURS}")])
        self.sequences = set(_rows(_SEQUENCES))
        self.contents = {name: self._read(name) for name, (number, _) in self.digests.items() if number}

    def renew(self) -> None:
        """Whoever is still connected to the database is cut off."""
        connections.close_all()
        if self._can_be_put_back():
            self._put_back()
        else:
            copy_template(self.target)

    def _can_be_put_back(self) -> bool:
        """Only a superuser writes past the triggers, and a test may have turned the connection to another database."""
        if connection.settings_dict["NAME"] != self.target:
            return False
        _rows(_CUT_OFF)
        [(superuser, largest)] = _rows(
            f"SELECT usesuper, (SELECT max(pg_relation_size(oid)) {_OURS}) FROM pg_user WHERE usename = current_user"
        )
        return superuser and largest <= MUCH and _rows(_SCHEMA) == self.schema

    def _put_back(self) -> None:
        now = _digests(list(self.digests))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for name, held in self.digests.items():
                if now[name] != held:
                    cursor.execute(f"DELETE FROM {name}")
                    self._write(name)
            for name, start, last in self.sequences - set(_rows(_SEQUENCES)):
                cursor.execute(
                    "SELECT setval(quote_ident(%s)::regclass, %s, %s)", [name, last or start, last is not None]
                )

    def _read(self, name: str) -> bytes:
        with connection.cursor() as cursor, cursor.copy(f"COPY {name} TO STDOUT") as copy:
            return b"".join(copy)

    def _write(self, name: str) -> None:
        if content := self.contents.get(name):
            with connection.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
                copy.write(content)
