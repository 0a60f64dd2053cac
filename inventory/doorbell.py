"""Rings a task by its name once the change is committed: the only caller of send_task.

A ring that gets lost loses nothing: the work is a row, and beat rings regularly. So a broker that is away is a warning,
never a failure of the change itself.
"""

import logging
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def ring(task: str, *args: Any) -> None:
    """Ask a worker to run `task` after the current transaction commits."""

    def send() -> None:
        try:
            current_app.send_task(task, args=args, retry=False)
        except OperationalError as problem:
            logger.warning("Could not ring %s (%s); beat will.", task, problem)

    transaction.on_commit(send)
