"""Undoing a file of interactions, visits and data events: its rows go, and with them the figures counted from them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone

from inventory.models import CapturedContent, DataEvent, ImportBatch, Interaction
from inventory.services import figures, working_hours
from inventory.services.imports import sightings
from inventory.services.imports.cannot_undo import CannotUndoError, counted

GONE = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_gone (
    application_id bigint, sighting_id bigint, department_id bigint, day date, pseudonym uuid, at timestamptz,
    jailbreak bool, injection bool, labels text[], information_types text[], uploaded bigint, files int,
    unlabelled int, off_hours bool
) ON COMMIT DELETE ROWS;
TRUNCATE import_gone
"""
_DELETE = f"""
WITH gone AS (
    DELETE FROM inventory_interaction i WHERE batch_id = %(batch)s
    RETURNING application_id, sighting_id, department_id, (at AT TIME ZONE %(zone)s)::date, pseudonym, at, jailbreak,
              injection, labels, information_types, uploaded, files, unlabelled, {working_hours.off("i")}
)
INSERT INTO import_gone SELECT * FROM gone
"""  # noqa: S608 - constants of this file
_NAMES = """
DELETE FROM inventory_seenuser s
WHERE (s.pseudonym IN (SELECT pseudonym FROM import_gone) OR s.pseudonym = ANY(%(people)s))
AND NOT EXISTS (SELECT FROM inventory_dailyuser d WHERE d.pseudonym = s.pseudonym)
AND NOT EXISTS (SELECT FROM inventory_dataevent e WHERE e.pseudonym = s.pseudonym)
AND NOT EXISTS (SELECT FROM inventory_agentlisting a CROSS JOIN unnest(a.owners) AS owner WHERE owner = s.pseudonym)
"""


@dataclass(frozen=True)
class Figures:
    """The single interactions that are kept of a file, and what their going changes."""

    rows: int
    beyond_retention: bool
    takes: tuple[tuple[str, int], ...]


def figures_of(batch: ImportBatch) -> Figures:
    """Of the interactions and visits alone."""
    found = Interaction.objects.filter(batch=batch).aggregate(
        rows=Count("pk"), oldest=Min("at"), applications=Count("application", distinct=True),
        sightings=Count("sighting", filter=Q(application=None), distinct=True),
    )  # fmt: skip
    # Of the day at the edge of the retention other files' rows may be gone, so nobody can tell who was seen only here
    edge = timezone.now() - timedelta(days=settings.INTERACTION_RETENTION_DAYS - 1)
    takes = (
        ("interactions", found["rows"]),
        ("registered applications whose figures change", found["applications"]),
        ("unregistered AI apps whose figures change", found["sightings"]),
    )
    return Figures(found["rows"], bool(found["oldest"] and found["oldest"] < edge), takes)


def find(batch: ImportBatch) -> tuple[tuple[str, int], ...]:
    """What goes. Raises CannotUndoError where rows are no longer there to be taken out of the figures."""
    found = figures_of(batch)
    events = DataEvent.objects.filter(batch=batch).count()
    texts = CapturedContent.objects.filter(batch=batch).count()
    kept = found.rows + (0 if batch.kind == "purview_audit" else events)  # in audit files they don't count as stored
    if kept != batch.stored or found.beyond_retention:
        raise CannotUndoError(
            f"Of the {counted(batch.stored, 'interaction or event', 'interactions and events')} it stored, {kept:,}"
            f" {'is' if kept == 1 else 'are'} still kept singly. What another feed told better was replaced, and only"
            f" figures are left of what is older than {settings.INTERACTION_RETENTION_DAYS} days: these can't be taken"
            " apart."
        )
    first, *others = found.takes
    return (
        first,
        *((what, number) for what, number in (("data events", events), ("captured texts", texts)) if number),
        *others,
    )


def remove(batch: ImportBatch) -> set[int]:
    """Delete the interactions and take them out of every figure; returns the applications concerned."""
    with connection.cursor() as cursor:
        cursor.execute(GONE)
        hours = working_hours.in_force().parameters(settings.TIME_ZONE)
        cursor.execute(_DELETE, {"batch": batch.pk, **hours})
        cursor.execute("ANALYZE import_gone")
        figures.take_out(cursor, settings.TIME_ZONE)
        sightings.take_out(cursor)
        events = DataEvent.objects.filter(batch=batch)
        people = list(events.exclude(pseudonym=None).order_by().values_list("pseudonym", flat=True).distinct())
        events.delete()
        CapturedContent.objects.filter(batch=batch).delete()
        cursor.execute(_NAMES, {"people": people})
        return _applications(cursor)


def _applications(cursor: Any) -> set[int]:
    cursor.execute("SELECT DISTINCT application_id FROM import_gone WHERE application_id IS NOT NULL")
    return {pk for (pk,) in cursor.fetchall()}
