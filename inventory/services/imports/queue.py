"""What workers do: reading the files that were handed over, and going on with what was interrupted."""

import logging

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from inventory.choices import BatchState, Door
from inventory.models import ImportBatch
from inventory.services.imports import drop_folder
from inventory.services.imports.batches import (
    INTERRUPTED,
    MOST_ATTEMPTS,
    STALE_AFTER,
    ClaimLostError,
    ImportFailedError,
    claim,
    fail,
    run,
)
from inventory.services.imports.reading import ReaderDiedError
from inventory.services.imports.uploads import folder

logger = logging.getLogger(__name__)


def run_batch(batch_id: int) -> bool:
    """Read a file that was handed over, if it waits or its worker has died; False where there was nothing to do.

    A person who uploaded it is the actor: they had the right when they did, and the work is theirs.
    """
    batch = claim(batch_id)
    if batch is None:
        return False
    path = folder() / batch.stored_as
    read = False
    try:
        if batch.attempts > MOST_ATTEMPTS:
            fail(batch, "Reading was interrupted again and again. Upload the file anew.", actor=batch.uploaded_by)
        elif not path.exists():
            fail(batch, "The uploaded file is gone. Upload it anew; nothing counts twice.", actor=batch.uploaded_by)
        else:
            run(batch, path, actor=batch.uploaded_by)
            read = True
    except ClaimLostError:
        logger.warning("Import %s was taken over by another worker.", batch.pk)
        return False
    except ReaderDiedError:
        logger.exception("Import %s will be taken up again.", batch.pk)  # as if this worker had died
        return False
    except ImportFailedError as problem:
        logger.info("Import %s failed: %s", batch.pk, problem)
    if read or settings.FAILED_FILE_DAYS == 0:
        path.unlink(missing_ok=True)
    if not read and batch.door == Door.FOLDER:
        drop_folder.put_aside(batch)
    return True


def waiting() -> list[int]:
    """Batches to read: those that wait, and those whose worker has given no sign of life."""
    stale = Q(state=BatchState.RUNNING, heartbeat_at__lt=timezone.now() - STALE_AFTER)
    found = ImportBatch.objects.filter(Q(state=BatchState.WAITING) | stale).exclude(stored_as="")
    return list(found.order_by("id").values_list("pk", flat=True))


def close_abandoned() -> int:
    """Readings at a console that died without a word: nobody can go on with them, so they say so."""
    limit = timezone.now() - STALE_AFTER
    found = ImportBatch.objects.filter(state=BatchState.RUNNING, stored_as="", heartbeat_at__lt=limit)
    return sum(fail(batch, INTERRUPTED, actor=None, silent_since=limit) for batch in found)
