"""The version in force, as the database has it: read anew every few seconds, and for each chunk of scores."""

import time

from django.conf import settings
from django.db import OperationalError

_known: tuple[str, float] | None = None  # version, and when it was read


def version(newest: str, *, fresh: bool = False) -> str:
    """The version in force; `newest` where no switch was ever recorded, or no database answers.

    `fresh`: as it is this moment, for what is stored with it. Pages may be behind by METHOD_RECHECK_SECONDS.
    """
    global _known
    if not fresh and _known is not None and time.monotonic() - _known[1] < settings.METHOD_RECHECK_SECONDS:
        return _known[0]
    from risk.models import MethodInForce  # here: pure commands load methods without any model

    try:
        found = MethodInForce.objects.values_list("version", flat=True).first() or newest
    except OperationalError:
        return newest
    remember(found)
    return found


def remember(found: str | None) -> None:
    """Take this for the version in force from now on; None: ask at the next use."""
    global _known
    _known = None if found is None else (found, time.monotonic())
