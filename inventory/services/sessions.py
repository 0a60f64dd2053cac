"""Signed-in sessions and API tokens of a person: making and ending them."""

from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from knox.models import AuthToken
from knox.settings import knox_settings

from inventory import audit_log
from inventory.models import User

TOKEN_DAYS = (7, 30, 90, 365)


def end_all(user: User, *, but: str | None = None) -> int:
    """End the person's sessions (but the one with the key `but`); returns how many.

    Sessions are not filed by person, so this reads all that are still valid: some thousands at most, as each lasts
    SESSION_COOKIE_AGE.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    ended = 0
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.session_key != but and session.get_decoded().get(SESSION_KEY) == str(user.pk):
            store(session.session_key).delete()  # from the cache as well
            ended += 1
    return ended


@transaction.atomic
def sign_out_elsewhere(*, actor: User, session_key: str | None) -> int:
    """End all sessions of the actor but the present one; returns how many."""
    ended = end_all(actor, but=session_key)
    audit_log.record(actor=actor, action="user.signed_out_elsewhere", summary=f"Ended {ended} sessions", obj=actor)
    return ended


def tokens(user: User) -> QuerySet[AuthToken]:
    """The person's valid API tokens, newest first."""
    return AuthToken.objects.filter(user=user, expiry__gt=timezone.now()).order_by("-created")


@transaction.atomic
def create_token(*, actor: User, days: int) -> tuple[AuthToken, str]:
    """An API token with the rights of its person, valid for `days` (one of TOKEN_DAYS).

    Returns the token's row and the token itself, which is not stored and can be shown only now.
    """
    if days not in TOKEN_DAYS:
        raise ValidationError(
            {"days": _("Choose one of %(choices)s days.") % {"choices": ", ".join(map(str, TOKEN_DAYS))}}
        )
    User.objects.select_for_update().get(pk=actor.pk)  # so that two requests don't both find the last free place
    valid = tokens(actor)
    limit = knox_settings.TOKEN_LIMIT_PER_USER
    if limit and valid.count() >= limit:
        raise ValidationError(_("You have %(limit)s tokens, which is the most. Revoke one first.") % {"limit": limit})
    row, token = AuthToken.objects.create(actor, expiry=timedelta(days=days))
    audit_log.record(
        actor=actor,
        action="token.created",
        summary=f"API token {row.token_key[:8]}…, valid {days} days",
        obj=actor,
        details={"token": row.token_key[:8], "expiry": row.expiry.isoformat()},
    )
    return row, token


def delete_tokens(user: User) -> None:
    """Delete all tokens of a person who may no longer sign in."""
    AuthToken.objects.filter(user=user).delete()


@transaction.atomic
def revoke_token(*, actor: User, token_key: str) -> bool:
    """Delete one of the actor's own tokens by its public beginning; False where there is none."""
    deleted, __ = AuthToken.objects.filter(user=actor, token_key=token_key).delete()
    if deleted:
        summary = f"API token {token_key[:8]}… revoked"
        audit_log.record(actor=actor, action="token.revoked", summary=summary, obj=actor)
    return bool(deleted)
