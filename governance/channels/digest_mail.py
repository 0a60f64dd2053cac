"""The e-mail digest as a message: plain text and HTML, with one-click unsubscription (RFC 8058)."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from governance.models import Digest
from governance.selectors.digest_changes import Span, Told, everything_of
from governance.selectors.digests import Wish
from inventory.selectors.scope import Scope

LONGEST_SUBJECT = 150  # characters
ONE_CLICK = ("List-Unsubscribe", "One-Click")  # field and value that a mail program posts


def message(
    digest: Digest, scope: Scope, span: Span, changes: Sequence[Told], wish: Wish, stop: str
) -> EmailMultiAlternatives:
    """The message of a digest. `stop`: the signed word by which its reader ends them."""
    stop_url = _url(reverse("governance:digest_stop", args=(stop,)))
    context = {
        "title": _line(scope.title),
        "span": span,
        "changes": [(_line(one.kind), _line(one.title), _line(one.note), _url(one.path)) for one in changes],
        "wish": wish,
        "everything_url": _url(everything_of(scope, span)),
        "choose_url": _url(reverse("governance:digest")),
        "stop_url": stop_url,
    }
    found = EmailMultiAlternatives(
        subject=_subject(scope, len(changes)),
        body=render_to_string("governance/mail/digest.txt", context),
        to=[digest.user.email],
        headers={
            "Message-ID": message_id(digest),
            "List-Unsubscribe": f"<{stop_url}>",
            "List-Unsubscribe-Post": "=".join(ONE_CLICK),
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",  # Exchange then sends no notes of absence back
        },
    )
    found.attach_alternative(render_to_string("governance/mail/digest.html", context), "text/html")
    return found


def message_id(digest: Digest) -> str:
    """The same for each try of a digest, so that mail servers drop a double."""
    return f"<digest-{digest.pk}-{digest.period:%Y%m%d}@{urlsplit(settings.HUB_URL).hostname}>"


def _subject(scope: Scope, many: int) -> str:
    words = f"{many} {'change' if many == 1 else 'changes'} in {_line(scope.title)}"
    return words if len(words) <= LONGEST_SUBJECT else f"{words[: LONGEST_SUBJECT - 1]}…"


def _line(text: str) -> str:
    """A text of feeds or people on one line, without control characters, so that it makes no header of its own."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _url(path: str) -> str:
    return settings.HUB_URL + path
