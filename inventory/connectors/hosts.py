"""The host of an address as logs write it."""

import re

from inventory.connectors.base import MAX_NAME


def host_of(address: str) -> str:
    """The host of an address, without scheme, name, port and path; lower case."""
    place = address.strip()
    place = place.partition("://")[2] if "://" in place else place
    place = re.split(r"[/?#]", place, maxsplit=1)[0].rpartition("@")[2]
    name, colon, port = place.rpartition(":")
    if colon and port.isdecimal():
        place = name
    return place.strip("[].").lower()[:MAX_NAME]
