"""Settings that would start, and be wrong: told at `manage.py check` and before the web starts."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from governance import embedded

SHORTEST_KEY = 32  # characters; the keys made for a loopback site have 64


@register(Tags.security)
def site_is_encrypted(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Sessions and sign-in links must not cross a network in the clear."""
    if settings.LOOPBACK or urlsplit(settings.HUB_URL).scheme == "https":
        return []
    return [
        Error(
            f"HUB_URL is {settings.HUB_URL}: plain HTTP outside this machine.",
            hint="Put a proxy with TLS in front and give its address, https://…, as HUB_URL.",
            id="governance.E001",
        )
    ]


@register(Tags.security)
def keys_are_strong(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Each key does one thing, so that losing one does not give away the others."""
    keys = {name: getattr(settings, name) for name in ("SECRET_KEY", "PSEUDONYM_KEY", "ENCRYPTION_KEY")}
    texts = {name: key if isinstance(key, str) else key.decode() for name, key in keys.items()}
    found: list[CheckMessage] = [
        Error(
            f"{name} has fewer than {SHORTEST_KEY} characters.",
            hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            id="governance.E002",
        )
        for name, text in texts.items()
        if len(text) < SHORTEST_KEY
    ]
    if len(set(texts.values())) < len(texts):
        found.append(
            Error(
                "SECRET_KEY, PSEUDONYM_KEY and ENCRYPTION_KEY must differ.",
                hint="Make one for each.",
                id="governance.E003",
            )
        )
    return found


@register(Tags.security)
def debugging_stays_at_home(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Debug pages show settings and data to whoever meets an error."""
    if settings.LOOPBACK or not settings.DEBUG:
        return []
    return [Error("HUB_DEBUG=1 on a site of its own.", hint="Unset HUB_DEBUG.", id="governance.E004")]


@register(Tags.security)
def mail_password_is_hidden(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A password must not cross a network in the clear."""
    here = settings.EMAIL_HOST in {"", "127.0.0.1", "localhost", "::1"}
    if here or settings.EMAIL_SECURITY != "none" or not settings.EMAIL_HOST_PASSWORD:
        return []
    return [
        Error(
            f"EMAIL_PASSWORD would go to {settings.EMAIL_HOST} in the clear.",
            hint="Set EMAIL_SECURITY to starttls or tls.",
            id="governance.E005",
        )
    ]


@register(Tags.database)
def embedded_servers_serve_one_machine(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The embedded servers can't be reached from, nor shared with, a second machine."""
    if settings.LOOPBACK or not embedded.needed():
        return []
    return [
        checks.Warning(
            f"The embedded {' and '.join(embedded.needed())} serve this site.",
            hint="Fine for one machine with a backup of HUB_HOME; else set DATABASE_URL and REDIS_URL.",
            id="governance.W001",
        )
    ]
