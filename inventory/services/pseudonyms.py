"""The pseudonym under which a person's use of AI is stored (contracts §2).

A keyed hash with a key of its own: nobody without the key can find out whose it is by trying names.
"""

import hmac
import re
from urllib.parse import unquote
from uuid import UUID

from django.conf import settings


def pseudonym(name: str) -> str:
    """The pseudonym of an object id or user principal name: 128 bits of HMAC-SHA256, written as a UUID."""
    digest = hmac.digest(settings.PSEUDONYM_KEY, name.strip().lower().encode(), "sha256")
    return str(UUID(bytes=digest[:16]))


# The @ of addresses within links is written as %40
_ADDRESS = re.compile(r"[\w.+'-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


def unnamed(text: str) -> str:
    """A free text with the beginning of a pseudonym, as lists of accounts show it, in place of each address."""
    if "@" not in text and "%40" not in text:
        return text
    return _ADDRESS.sub(lambda found: f"account {pseudonym(unquote(found[0]))[:8]}", text)
