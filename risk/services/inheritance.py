"""Statements that repeat a shared platform's: they follow it in the transaction in which it changes."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from inventory.models import AIApplication
from risk.selectors.sharing import digest_of
from risk.services import scores

# What a statement says; whether a control applies is each application's own question
COPIED = (
    *("status", "as_of", "due", "valid_until", "evidenced_until", "note"),
    *("owner_id", "attested_by_id", "stated_by_id", "stated_at"),
)

_FOLLOW = f"""
UPDATE risk_controlstate AS follower SET {", ".join(f"{column} = own.{column}" for column in COPIED)}
FROM risk_controlstate AS own
WHERE own.application_id = %(platform)s AND own.control = %(control)s AND own.inherited_from_id IS NULL
  AND own.status IS NOT NULL AND follower.inherited_from_id = %(platform)s AND follower.control = %(control)s
RETURNING follower.application_id"""  # noqa: S608 - constant names


def follow(platform: AIApplication, control: str) -> dict[str, Any]:
    """Let everything that inherits this control say what the platform says now; returns what an audit entry says of
    it: nothing where nobody follows.

    The caller holds the platform's lock. As many statements for one application as for all.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, {"platform": platform.pk, "control": control})
        followed = [row[0] for row in cursor]
    if followed:
        scores.mark(followed)
    return named(followed)


def named(followers: Sequence[int]) -> dict[str, Any]:
    """Followers as an audit entry names them: how many, and the SHA-256 of their external ids, sorted, one a line. The
    row history of the transaction lists them; `risk.selectors.sharing.followers` makes the same digest of it."""
    if not followers:
        return {}
    found = AIApplication.objects.filter(pk__in=followers).order_by().values_list("external_id", flat=True)
    return {"followers": {"count": len(followers), "sha256": digest_of(found)}}
