"""Statements that repeat a shared platform's: they follow it in the transaction in which it changes."""

from django.db import connection

from inventory.models import AIApplication
from risk.services import scores

# What a statement says; whether a control applies is each application's own question
COPIED = ("status", "as_of", "due", "valid_until", "note", "owner_id", "attested_by_id", "stated_by_id", "stated_at")

_FOLLOW = f"""
UPDATE risk_controlstate AS follower SET {", ".join(f"{column} = own.{column}" for column in COPIED)}
FROM risk_controlstate AS own
WHERE own.application_id = %(platform)s AND own.control = %(control)s AND own.inherited_from_id IS NULL
  AND own.status IS NOT NULL AND follower.inherited_from_id = %(platform)s AND follower.control = %(control)s
RETURNING follower.application_id"""  # noqa: S608 - constant names


def follow(platform: AIApplication, control: str) -> int:
    """Let everything that inherits this control say what the platform says now; returns how many followed.

    The caller holds the platform's lock. One statement, however many applications.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, {"platform": platform.pk, "control": control})
        followed = [row[0] for row in cursor]
    if followed:
        scores.mark(followed)
    return len(followed)
