"""The pseudonym under which a person's use of AI is stored (contracts §2).

A keyed hash with a key of its own: nobody without the key can find out whose it is by trying names.
"""

import hmac
from uuid import UUID

from django.conf import settings


def pseudonym(name: str) -> str:
    """The pseudonym of an object id or user principal name: 128 bits of HMAC-SHA256, written as a UUID."""
    digest = hmac.digest(settings.PSEUDONYM_KEY, name.strip().lower().encode(), "sha256")
    return str(UUID(bytes=digest[:16]))
