"""Whose data events are, when a later user list knows more about the people."""

from typing import Any

# The department of an event is fixed when it is stored; only Unassigned ones move (contracts §2).
_MOVE = """
WITH known AS (
    SELECT pseudonym AS old, pseudonym AS new, department_id FROM inventory_directoryuser
    WHERE department_id IS NOT NULL
    UNION ALL
    SELECT upn_pseudonym, pseudonym, department_id FROM inventory_directoryuser WHERE upn_pseudonym <> pseudonym
)
UPDATE inventory_dataevent e SET department_id = k.department_id, pseudonym = k.new
FROM known k WHERE e.department_id IS NULL AND e.pseudonym = k.old
"""
_RENAME = "UPDATE inventory_dataevent e SET pseudonym = s.new FROM import_superseded s WHERE e.pseudonym = s.old"


def move_unassigned(cursor: Any) -> int:
    """Give Unassigned events of people whom the user list knows their department and lasting pseudonym; how many."""
    cursor.execute(_MOVE)
    return int(cursor.rowcount)


def rename(cursor: Any) -> None:
    """Carry the events of people in `import_superseded` over to their new pseudonym."""
    cursor.execute(_RENAME)
