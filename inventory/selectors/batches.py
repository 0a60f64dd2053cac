"""The files read and to be read, as lists are narrowed by state, kind, door, feed and name."""

from collections.abc import Sequence

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from inventory.choices import BatchState
from inventory.models import Feed, ImportBatch

A_PAGE = 25
TONES = {
    BatchState.DONE: "good",
    BatchState.FAILED: "bad",
    BatchState.RUNNING: "info",
    BatchState.UNDOING: "info",
    BatchState.UNDONE: "warn",
    BatchState.UNMAPPED: "warn",
}
ENDED = (BatchState.DONE, BatchState.FAILED)
AT_WORK = (BatchState.WAITING, BatchState.RUNNING, BatchState.UNDOING)


def found(
    *,
    states: Sequence[str] = (),
    kinds: Sequence[str] = (),
    doors: Sequence[str] = (),
    feeds: Sequence[str] = (),
    q: str = "",
) -> QuerySet[ImportBatch]:
    """Batches, newest first. `feeds` are slugs; `q` is a part of the file's name, or a whole SHA-256."""
    rows = ImportBatch.objects.select_related("uploaded_by", "feed", "archive")
    given = {"state__in": states, "kind__in": kinds, "door__in": doors, "feed__slug__in": feeds}
    rows = rows.filter(**{name: words for name, words in given.items() if words})
    return rows.filter(Q(file_name__icontains=q) | Q(sha256=q.lower())) if q else rows


def page(number: int = 1, **narrowed: Sequence[str] | str) -> Page:
    """A page of `found`, each row with its tone."""
    result: Page = Paginator(found(**narrowed), A_PAGE).get_page(number)  # type: ignore[arg-type]
    rows = list(result.object_list)
    for row in rows:
        row.tone = TONES.get(BatchState(row.state), "neutral")
    result.object_list = rows
    return result


def of_feed(feed: Feed, most: int = 10) -> list[ImportBatch]:
    """The newest files of a feed."""
    rows = list(ImportBatch.objects.filter(feed=feed).select_related("feed", "uploaded_by")[:most])
    for row in rows:
        row.tone = TONES.get(BatchState(row.state), "neutral")  # type: ignore[attr-defined]
    return rows


def repeats_after(batch: ImportBatch) -> int:
    """How many other files had rows that may be known from this one only: later ones of the kind, and those of the
    activity explorer, which make room for what others tell better whenever they came."""
    others = Q(kind=batch.kind, pk__gt=batch.pk)
    if batch.kind in ("purview_audit", "cloud_discovery", "security_alerts"):
        others |= Q(kind="activity_explorer")
    return ImportBatch.objects.filter(others, state=BatchState.DONE, duplicates__gt=0).count()
