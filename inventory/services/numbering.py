"""Numbers for applications that come without an external id: AI-00001, AI-00002 …"""

import re

from django.db import connection

from inventory.models import AIApplication

_NUMBERED = r"^AI-[0-9]{1,15}$"
_LOCK = 0x41492D30  # "AI-0": one allotter at a time, until its transaction ends


def next_external_ids(count: int) -> list[str]:
    """`count` free external ids, following the number of the application that was numbered last.

    Call inside the transaction that uses them: the lock is held until it ends, so no two get the same, and one that is
    rolled back (a dry run) uses none up.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    last = (
        AIApplication.objects.filter(external_id__regex=_NUMBERED)
        .order_by("-pk")
        .values_list("external_id", flat=True)
        .first()
    )
    number = int(re.sub(r"\D", "", last)) if last else 0
    found: list[str] = []
    while len(found) < count:  # once, unless somebody chose numbers of this form by hand
        window = [f"AI-{n:05d}" for n in range(number + 1, number + 1 + 2 * (count - len(found)))]
        taken = set(AIApplication.objects.filter(external_id__in=window).values_list("external_id", flat=True))
        found += [name for name in window if name not in taken][: count - len(found)]
        number += len(window)
    return found
