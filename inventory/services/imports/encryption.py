"""Encrypts what must not lie about in the open: the text of quarantined lines."""

import base64
import hashlib
from functools import cache

from cryptography.fernet import Fernet
from django.conf import settings


@cache
def _fernet(key: bytes) -> Fernet:
    # Fernet wants 32 bytes in base64; the configured secret may have any form.
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"fernet" + key).digest()))


def encrypt(text: bytes) -> bytes:
    """The text, readable only with the organisation's key."""
    return _fernet(settings.ENCRYPTION_KEY).encrypt(text)


def decrypt(sealed: bytes | memoryview) -> bytes:
    """The text again. Raises cryptography.fernet.InvalidToken where it was sealed with another key."""
    return _fernet(settings.ENCRYPTION_KEY).decrypt(bytes(sealed))
