"""The months of `inventory_interaction`: each a partition, so that a month past its time is dropped, not deleted.

A record id stands once among all that is kept (docs/decisions/0017): each month has a unique index on it, and one
writer at a time (`batches`) looks a chunk's ids up in every month before it stores. What lies further ahead than next
month, where only a wrong clock can be, stands in `inventory_interaction_later` until its month comes.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

TABLE = "inventory_interaction"
LATER = f"{TABLE}_later"

_EXISTING = f"""
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = '{TABLE}'::regclass AND c.relname <> '{LATER}' ORDER BY 1
"""  # noqa: S608 - constants of this file

# Made beside the table and then attached: that holds up nobody who reads other months.
_MAKE = """
CREATE TABLE {name} (LIKE {table} INCLUDING ALL);
CREATE UNIQUE INDEX {name}_once ON {name} (record_id);
WITH moved AS (DELETE FROM {later} WHERE at >= '{begin}' AND at < '{end}' RETURNING *)
INSERT INTO {name} SELECT * FROM moved;
ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{begin}') TO ('{end}')
"""


def prepare(cursor: Any, first: datetime, last: datetime, now: datetime) -> None:
    """Make the months from `first` to `last` that are missing, none later than next month."""
    cursor.execute(_EXISTING)
    existing = {name for (name,) in cursor.fetchall()}
    for month in _months(_month(first), min(_month(last), _next(_month(now)))):
        if (name := _name(month)) not in existing:
            begin, end = (f"{day} 00:00:00+00" for day in (month, _next(month)))
            cursor.execute(_MAKE.format(table=TABLE, later=LATER, name=name, begin=begin, end=end))


def drop_before(cursor: Any, limit: datetime) -> int:
    """Drop the months that end before `limit`, and delete what is left of before it in its own month, which goes as a
    whole when it is over. Returns how many interactions went."""
    gone = 0
    cursor.execute(_EXISTING)
    for (name,) in cursor.fetchall():
        if _next(_begin(name)) <= _month(limit):
            cursor.execute(f"SELECT count(*) FROM {name}")  # noqa: S608 - a name of our own making
            gone += cursor.fetchone()[0]
            cursor.execute(f"DROP TABLE {name}")
    cursor.execute(f"DELETE FROM {TABLE} WHERE at < %s", [limit])  # noqa: S608 - constants of this file
    return gone + int(cursor.rowcount)


def _months(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first = _next(first)


def _month(at: datetime) -> date:
    return at.astimezone(UTC).date().replace(day=1)


def _next(month: date) -> date:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


def _name(month: date) -> str:
    return f"{TABLE}_{month:%Y_%m}"


def _begin(name: str) -> date:
    return datetime.strptime(name, f"{TABLE}_%Y_%m").replace(tzinfo=UTC).date()
