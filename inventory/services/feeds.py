"""The feeds themselves: making them, changing what is expected of them, switching them off and on, and their keys."""

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import access, audit_log
from inventory.access import Permission
from inventory.connectors.registry import CONNECTORS
from inventory.models import Feed, FeedKey, User
from inventory.services.imports.encryption import encrypt

GRACES = (0, 1, 24, 168)  # hours for which the keys before a rotation stay valid
RESERVED = frozenset({"done", "failed", "add", "batches"})  # folders of the drop folder, addresses of pages
_BEGIN = "feed_"  # so that a token that leaked is known for what it is
_CHANGEABLE = ("name", "description", "kind", "expected_hours", "networks")


@dataclass(frozen=True)
class Credentials:
    """What a caller needs; shown once, because of the token only a digest is kept."""

    token: str
    signing_key: str


@transaction.atomic
def create_feed(*, actor: User | None, slug: str, **fields: Any) -> tuple[Feed, Credentials]:
    """A new feed with its first keys. Raises PermissionDenied or ValidationError by field."""
    access.require_everywhere(actor, Permission.ADMIN)
    slug = slug.strip().lower()
    problems = _problems(fields)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or len(slug) > 60:
        problems["slug"] = "Use small letters, digits and single hyphens, 60 at most."
    elif slug in RESERVED or Feed.objects.filter(slug=slug).exists():
        problems["slug"] = f"“{slug}” is taken."
    if problems:
        raise ValidationError(problems)
    feed = Feed.objects.create(slug=slug, **{**fields, "networks": _networks(fields.get("networks", ()))})
    given = _make_key(feed)
    audit_log.record(
        actor=actor,
        action="feed.created",
        summary=f"Feed {feed.name}",
        obj=feed,
        details={"slug": slug, "token": given.token[:10]},
    )
    return feed, given


@transaction.atomic
def change_feed(*, actor: User | None, feed: Feed, **fields: Any) -> Feed:
    """Change what is expected of a feed. Raises PermissionDenied or ValidationError by field."""
    access.require_everywhere(actor, Permission.ADMIN)
    if problems := _problems(fields):
        raise ValidationError(problems)
    feed = Feed.objects.select_for_update().get(pk=feed.pk)
    if "networks" in fields:
        fields["networks"] = _networks(fields["networks"])
    changed = {name: fields[name] for name in _CHANGEABLE if name in fields and fields[name] != getattr(feed, name)}
    if changed:
        for name, value in changed.items():
            setattr(feed, name, value)
        feed.save(update_fields=list(changed))
        summary = f"{', '.join(changed).replace('_', ' ')} of feed {feed.name}"
        audit_log.record(actor=actor, action="feed.changed", summary=summary, obj=feed, details=changed)
    return feed


@transaction.atomic
def switch(*, actor: User | None, feed: Feed, active: bool) -> None:
    """Let a feed deliver, or no longer. Raises PermissionDenied."""
    access.require_everywhere(actor, Permission.ADMIN)
    if Feed.objects.filter(pk=feed.pk).exclude(active=active).update(active=active):
        action = "feed.switched_on" if active else "feed.switched_off"
        audit_log.record(actor=actor, action=action, summary=f"Feed {feed.name}", obj=feed)
    feed.active = active


@transaction.atomic
def rotate(*, actor: User | None, feed: Feed, grace: int) -> Credentials:
    """New keys for a feed; those before stay valid for `grace` hours (one of GRACES), which gives time to change over.

    Raises PermissionDenied or ValidationError.
    """
    access.require_everywhere(actor, Permission.ADMIN)
    if grace not in GRACES:
        raise ValidationError(
            {"grace": _("Choose one of %(choices)s hours.") % {"choices": ", ".join(map(str, GRACES))}}
        )
    Feed.objects.select_for_update().get(pk=feed.pk)  # of two rotations at once the second ends the first one's keys
    now = timezone.now()
    end = now + timedelta(hours=grace)
    feed.keys.filter(expires_at__lt=now).delete()
    feed.keys.filter(Q(expires_at=None) | Q(expires_at__gt=end)).update(expires_at=end)
    given = _make_key(feed)
    audit_log.record(
        actor=actor,
        action="feed.rotated",
        summary=f"New keys for feed {feed.name}; the old ones are valid for {grace} hours more",
        obj=feed,
        details={"token": given.token[:10], "old_until": end.isoformat()},
    )
    return given


def digest_of(token: str) -> str:
    """The form in which a token is kept. It is random and long, so a plain hash tells nothing about it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _make_key(feed: Feed) -> Credentials:
    given = Credentials(_BEGIN + secrets.token_urlsafe(32), secrets.token_urlsafe(32))
    FeedKey.objects.create(
        feed=feed,
        token_digest=digest_of(given.token),
        token_begins=given.token[:10],
        signing_key=encrypt(given.signing_key.encode()),
    )
    return given


def _problems(fields: dict[str, Any]) -> dict[str, str]:
    found = {}
    if "name" in fields and not fields["name"].strip():
        found["name"] = "Give it a name."
    if fields.get("kind") and fields["kind"] not in CONNECTORS:
        found["kind"] = f"Choose from: {', '.join(CONNECTORS)}."
    hours = fields.get("expected_hours")
    if hours is not None and not 1 <= hours <= 24 * 366:
        found["expected_hours"] = "Give hours from 1 to 8784, or nothing."
    try:
        _networks(fields.get("networks", ()))
    except ValueError as problem:
        found["networks"] = str(problem)
    return found


def _networks(given: Sequence[str]) -> list[str]:
    """Networks in their usual form, each once. Raises ValueError with words for people."""
    found: dict[str, None] = {}
    for text in given:
        try:
            found[str(ipaddress.ip_network(text.strip(), strict=False))] = None
        except ValueError as problem:
            raise ValueError(f"“{text[:40]}” is no address or network, such as 10.1.0.0/16.") from problem
    return list(found)
