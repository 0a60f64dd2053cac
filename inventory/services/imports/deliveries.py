"""The machines' door: a call that carries a feed's token and is signed with its key becomes a batch, as an upload does.

What is signed is the time of the call (seconds since 1970), a dot, and the body. The signature is checked while the
body streams to its file, so a body of any size takes no memory; a wrong one leaves nothing behind. Each signature is
taken once: it is unique among batches, so a call that was recorded and sent again finds itself there.
"""

import hmac
import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError
from django.db.models import F, Q
from django.utils import timezone

from inventory.choices import Door
from inventory.connectors.notifications import Notifications
from inventory.models import Feed, FeedKey, ImportBatch
from inventory.services.feeds import digest_of
from inventory.services.imports.encryption import decrypt
from inventory.services.imports.uploads import Origin, TooLargeError, receive

MOST_ANNOUNCED_BYTES = 1 << 20
_SCHEME = "v1="


class NotAuthenticError(Exception):
    """The call does not prove that it comes from the feed, or not in time. The message is for its sender."""


class ClosedError(Exception):
    """The call is authentic and yet not let in: the feed is switched off, or the address is none of its own."""


class ReplayedError(Exception):
    """The same signed call was taken before, as `batch`."""

    def __init__(self, batch: ImportBatch | None) -> None:
        super().__init__("This signed call was taken before.")
        self.batch = batch


@dataclass(frozen=True)
class Call:
    """What a call says about itself. `file_name` is only shown."""

    timestamp: str
    signature: str
    file_name: str
    size: int  # of the body, in bytes, as announced


def key_of(token: str) -> FeedKey | None:
    """The valid key with this token, with its feed; None for no such."""
    valid = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    found = FeedKey.objects.filter(valid, token_digest=digest_of(token)).select_related("feed").first()
    return found if found and hmac.compare_digest(found.token_digest, digest_of(token)) else None


def admit(feed: Feed, address: str | None) -> None:
    """Raises ClosedError unless the feed takes calls, from this address."""
    if not feed.active:
        raise ClosedError("This feed is switched off.")
    if feed.networks and not _inside(address, feed.networks):
        raise ClosedError("This feed takes no calls from your address.")


def _inside(address: str | None, networks: Iterable[str]) -> bool:
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(network) for network in networks)


def deliver(key: FeedKey, call: Call, blocks: Iterable[bytes]) -> ImportBatch:
    """Take the body of a call in and queue its reading.

    Raises NotAuthenticError, ReplayedError, TooLargeError, or UnknownFormatError for a body of no known kind.
    """
    given = _well_formed(call)
    if call.size > settings.FEED_MAX_BYTES:
        raise TooLargeError(f"The body is larger than {settings.FEED_MAX_BYTES:,} bytes.")
    known = ImportBatch.objects.filter(signature=given).first()
    if known:
        raise ReplayedError(known)
    origin = Origin(Door.API, key.feed, given)
    try:
        batch = receive(
            actor=None, file_name=call.file_name, blocks=_signed(blocks, decrypt(key.signing_key), call), origin=origin
        )
    except IntegrityError as problem:  # the same call at the same time
        known = ImportBatch.objects.filter(signature=given).first()
        if known is None:
            raise
        raise ReplayedError(known) from problem
    if batch.kind != Notifications.kind:
        Feed.objects.filter(pk=key.feed_id).update(announced=0)
    return batch


def _well_formed(call: Call) -> str:
    """The signature in hexadecimal, of a call whose time is now."""
    if not re.fullmatch(r"[0-9]{1,12}", call.timestamp):
        raise NotAuthenticError("X-Hub-Timestamp must be the seconds since 1970.")
    if abs(timezone.now().timestamp() - int(call.timestamp)) > settings.FEED_WINDOW_SECONDS:
        raise NotAuthenticError(f"X-Hub-Timestamp is more than {settings.FEED_WINDOW_SECONDS} seconds from now.")
    given = call.signature.strip().lower().removeprefix(_SCHEME)
    if not re.fullmatch(r"[0-9a-f]{64}", given):
        raise NotAuthenticError("X-Hub-Signature must be v1= and 64 hexadecimal digits.")
    return given


def _signed(blocks: Iterable[bytes], signing_key: bytes, call: Call) -> Iterator[bytes]:
    """The blocks as they come; NotAuthenticError after the last one where the signature isn't theirs."""
    mac = hmac.new(signing_key, f"{call.timestamp}.".encode(), "sha256")
    size = 0
    for block in blocks:
        size += len(block)
        if size > settings.FEED_MAX_BYTES:
            raise TooLargeError(f"The body is larger than {settings.FEED_MAX_BYTES:,} bytes.")
        mac.update(block)
        yield block
    if not hmac.compare_digest(mac.hexdigest(), _well_formed(call)):
        raise NotAuthenticError("X-Hub-Signature is not that of this time and body.")


def announce(feed: Feed, body: bytes) -> int:
    """Note that Microsoft 365 has content to be fetched: an array of pointers, which we never follow, because we make
    no calls to the outside. What a relay fetches comes in by `deliver`. Returns how many; ValueError for anything else.
    """
    try:
        pointers: Any = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise ValueError("The body is not JSON.") from problem
    if not isinstance(pointers, list) or not all(isinstance(one, dict) and one.get("contentUri") for one in pointers):
        raise ValueError("The body is not an array of notifications, each with its contentUri.")
    Feed.objects.filter(pk=feed.pk).update(announced=F("announced") + len(pointers), announced_at=timezone.now())
    return len(pointers)


def validation_code(body: bytes) -> str:
    """The code with which Microsoft 365 asks, when a subscription is made, whether we are there; or nothing."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return str(given.get("validationCode", "")) if isinstance(given, dict) else ""


def note_refusal(feed: Feed, why: str) -> None:
    """Remember what a caller who knew the token got wrong, for the page of the feed."""
    Feed.objects.filter(pk=feed.pk).update(refused_at=timezone.now(), refused_why=why[:300])
