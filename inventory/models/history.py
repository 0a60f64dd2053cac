"""Row history of what people state.

Statement triggers in PostgreSQL write it, so that COPY, `bulk_create`, `update()` and raw SQL are seen as well as
`save()`. Who did it and why stands in the audit log: an entry and the row events of its transaction carry the same
time, because both take the transaction's.
"""

from collections.abc import Callable
from typing import Any

import pghistory
from django.db import models


def tracked(*, exclude: list[str] | None = None, newest: str = "") -> Callable[[Any], Any]:
    """Class decorator: keep each version of the rows of this model in `<Model>Event`, append-only. `newest`: the name
    of an index that finds the version in force at a time, for lists that ask for very many rows."""
    found = [models.Index(fields=["pgh_obj", "-pgh_created_at", "-pgh_id"], name=newest)] if newest else []
    return pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        level=pghistory.Statement,
        append_only=True,
        context_field=None,  # type: ignore[arg-type]  # None is documented: no context
        exclude=exclude,
        meta={"indexes": found},
    )
