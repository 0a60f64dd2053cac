"""What Django holds for a request, held for its thread: the web server's workers have nothing else."""

import threading

from django.urls import base
from django.utils import timezone
from django.utils.translation import trans_real

# Language, zone, and where addresses begin
_HELD = ((trans_real, "_active"), (timezone, "_active"), (base, "_prefixes"), (base, "_urlconfs"))


def hold_for_threads() -> None:
    """Django's own holders also tell asynchronous tasks apart, under a lock. A page asks them two thousand times, for
    each text and each address, which took a tenth of its time. Call it before the first request."""
    for module, name in _HELD:
        setattr(module, name, threading.local())
