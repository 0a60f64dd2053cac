"""Which of two lists is the later word.

A user list, a dictionary or a report of cloud apps tells a state, and bears no time of its own. It tells it as of when
it was handed over, whenever it is read: one that is read late, or once more, tells nothing of what a list that was
handed over after it told. The same bytes handed over again are a list of their own, because a state may come back
(docs/decisions/0041).
"""

from collections.abc import Collection

from django.db.models import Q

from inventory.choices import BatchState, Door
from inventory.connectors.mapped import PREFIX
from inventory.models import ImportBatch, MappingProfile


def is_late(batch: ImportBatch, kinds: Collection[str]) -> bool:
    """Whether what the list tells of what is known here is known better: of the kinds that tell the same, a list that
    was handed over later has been read and stands, or this very file was read before."""
    return _same_file_again(batch) or _overtaken(batch, kinds)


def _overtaken(batch: ImportBatch, kinds: Collection[str]) -> bool:
    place = batch.archive_id or batch.pk  # a file of an archive came when the archive did
    mapped = MappingProfile.objects.filter(kind__in=kinds).values_list("name", flat=True)
    told = Q(stored__gt=0) | Q(duplicates__gt=0)
    later = Q(archive=None) | Q(archive__gt=place)
    found = ImportBatch.objects.filter(told, later, pk__gt=place, kind__in=[*kinds, *(PREFIX + one for one in mapped)])
    return found.exclude(pk=batch.pk).exclude(state=BatchState.UNDONE).exists()


def _same_file_again(batch: ImportBatch) -> bool:
    """Whether somebody reads a file where it lies that nobody has written since it was last read (contracts §1)."""
    if batch.door != Door.CONSOLE or batch.written_at is None:
        return False
    same = ImportBatch.objects.filter(sha256=batch.sha256, state=BatchState.DONE, started_at__gte=batch.written_at)
    return same.exclude(pk=batch.pk).exists()
