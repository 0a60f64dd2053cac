"""The daily figures that stand under a name, handed over to an application or taken from it again.

On one day some of a name may be the application's already, by an identifier, and some nobody's: where two lines of
figures meet they become one.
"""

from typing import Any

from inventory.services.figures import LINE, PEOPLE_OF_BOTH, same_line

_ONCE = "application_id, sighting_id, day, department_id"
_ADDED = (
    "interactions", "sensitive", "jailbreak", "injection", "attacks", "visits", "uploaded", "off_hours", "files",
    "unlabelled",
)  # fmt: skip
_SUMS = ", ".join(f"{one} = d.{one} + excluded.{one}" for one in _ADDED)
# Table → what it holds of a line, what a line is told by besides, and how two become one
_TABLES = {
    "inventory_dailypeople": ("people", "", PEOPLE_OF_BOTH),
    "inventory_dailyusage": (", ".join((*_ADDED, "users")), "", _SUMS),
    "inventory_dailysensitive": (
        "labels, information_types, digest, interactions", ", digest",
        "interactions = d.interactions + excluded.interactions",
    ),
}  # fmt: skip

_HAND_OVER = """
WITH handed AS (
    DELETE FROM {table} WHERE sighting_id = ANY(%(sightings)s) AND application_id {old} RETURNING {line}, {held}
)
INSERT INTO {table} AS d ({line}, {held})
SELECT %(new)s::bigint, sighting_id, department_id, day, {held} FROM handed
ON CONFLICT ({once}) DO UPDATE SET {joined}
"""
# Distinct people don't add up
_USERS = f"""
UPDATE inventory_dailyusage d SET users = cardinality(p.people) FROM inventory_dailypeople p
WHERE d.sighting_id = ANY(%(sightings)s) AND p.sighting_id = d.sighting_id AND {same_line("p", "d")}
  AND d.users <> cardinality(p.people)
"""  # noqa: S608 - constants of ours


def hand_over(cursor: Any, sightings: list[int], *, old: int | None, new: int | None) -> dict[str, int]:
    """Name the new application (or none) on what stands under the sightings with the old one (or none); lines moved,
    by table."""
    given = {"sightings": sightings, "old": old, "new": new}
    moved = {}
    for table, (held, also, joined) in _TABLES.items():
        whose = "IS NULL" if old is None else "= %(old)s"
        cursor.execute(
            _HAND_OVER.format(table=table, line=LINE, once=_ONCE + also, held=held, joined=joined, old=whose), given
        )
        moved[table.removeprefix("inventory_")] = cursor.rowcount
    cursor.execute(_USERS, given)
    return moved
