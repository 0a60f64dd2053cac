"""E-mail digests: chosen by people, made due on their mornings, sent from rows.

A try is claimed in a transaction of its own, which counts it and says when the next may follow. In a second one the
row is locked while the message goes to the server, and marked as sent. A worker that dies in between leaves the row
as one that failed, and another tries again: at least once, never lost. Both tries carry the same Message-ID. No two
workers send one digest at a time: the lock and the number of the try see to it (docs/decisions/0035).
"""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException, SMTPSenderRefused
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail.backends.base import BaseEmailBackend
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.channels import digest_mail
from governance.models import Digest, DigestChoice, DigestState, Frequency
from governance.models.digest import UNFINISHED
from governance.selectors import digest_changes, digests
from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import in_english
from inventory.models import User

logger = logging.getLogger(__name__)

WORK = "governance.tasks.send_digests"
MOST_TRIES = 5
FIRST_WAIT = timedelta(minutes=10)  # four times as long after each further try: the fifth is some fourteen hours later
KEPT_DAYS = 400
_LONGEST_ERROR = 500
_stop_words = Signer(salt="governance.digest.stop")
# What a server says about one message or reader; anything else that goes wrong with it would befall the next as well
_ABOUT_ONE = (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError)


@transaction.atomic
def choose(*, actor: User, frequency: str, how: str = "on the account page") -> bool:
    """How often the actor gets a digest; False where that was chosen already. Raises ValidationError."""
    if frequency not in Frequency.values:
        raise ValidationError(_("Choose one of the three."))
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)  # one of two choices at once comes after the other
    if DigestChoice.objects.filter(user=actor, frequency=frequency).exists():
        return False
    DigestChoice.objects.update_or_create(user=actor, defaults={"frequency": frequency, "changed_at": Now()})
    summary = f"E-mail digest: {in_english(Frequency(frequency).label).lower()}, chosen {how}"
    audit_log.record(actor=actor, action="digest.chosen", summary=summary, obj=actor, details={"frequency": frequency})
    return True


def stop_word(user: User) -> str:
    """The signed word in a mail's address by which its reader ends them, without having to sign in."""
    return _stop_words.sign(str(user.pk))


def reader_of(word: str) -> User | None:
    """Whose digest such a word ends; None for one that was not signed here."""
    try:
        return User.objects.filter(pk=int(_stop_words.unsign(word))).first()
    except (BadSignature, ValueError):
        return None


def stop(*, word: str) -> bool:
    """End the digests of who holds the word; False where it is none. Twice is as good as once."""
    user = reader_of(word)
    if user is not None:
        choose(actor=user, frequency=Frequency.NEVER, how="by the link in a mail")
    return user is not None


def deliver(now: datetime | None = None) -> int:
    """Make due what falls due, send what is due, and say how many were sent. Nothing without a mail server."""
    if not digests.mail_is_on():
        return 0
    make_due(timezone.localtime(now))
    return send_due()


@transaction.atomic
def make_due(now: datetime) -> int:
    """A row for each person whose digest falls due this morning. One of an earlier day that is not sent yet is given
    up: the new one tells that too."""
    day = now.date()
    if now.hour < settings.DIGEST_HOUR:
        return 0
    has_one = Exists(Digest.objects.filter(user=OuterRef("pk"), period=day))
    due = [Digest(user_id=pk, period=day) for pk in digests.wanting(day).exclude(has_one).values_list("pk", flat=True)]
    Digest.objects.bulk_create(due, ignore_conflicts=True, batch_size=1000)  # another worker may have been faster
    newer = Exists(Digest.objects.filter(user=OuterRef("user"), period__gt=OuterRef("period")))
    overtaken = Digest.objects.filter(newer, state__in=UNFINISHED).select_for_update(skip_locked=True, of=("self",))
    late = [one.pk for one in overtaken]
    Digest.objects.filter(pk__in=late).update(state=DigestState.GIVEN_UP, ended_at=Now())
    Digest.objects.filter(period__lt=day - timedelta(days=KEPT_DAYS)).delete()
    return len(due)


def send_due() -> int:
    """Send what is due and in nobody's hands, one after the other on one connection; how many were sent. A server that
    can't be reached ends it: beat rings again."""
    sent = 0
    connection: BaseEmailBackend | None = None
    try:
        while (one := _claim()) is not None:
            connection = connection or mail.get_connection()
            try:
                sent += _send(one, connection)
            except Exception as problem:
                logger.warning("The digest %s could not be sent: %s", one.pk, problem, exc_info=not _of_mail(problem))
                _failed(one, problem)
                if _of_mail(problem) and not isinstance(problem, _ABOUT_ONE):
                    break
    finally:
        if connection is not None:
            connection.close()
    return sent


def _of_mail(problem: Exception) -> bool:
    """Whether it comes from the server or the way to it (smtplib's errors are OSErrors), and not from us."""
    return isinstance(problem, OSError)


def _claim() -> Digest | None:
    """Take up the try of a digest that waited longest; None where none is due. Counted before it is made, so that one
    that kills its worker ends as well."""
    while True:
        with transaction.atomic():
            waiting = Digest.objects.filter(state__in=UNFINISHED, next_try__lte=timezone.now())
            one = waiting.select_for_update(skip_locked=True).order_by("next_try", "id").first()
            if one is None:
                return None
            if one.tries < MOST_TRIES:
                one.next_try = timezone.now() + FIRST_WAIT * 4**one.tries
                one.state, one.tries = DigestState.SENDING, one.tries + 1
                one.save(update_fields=["state", "tries", "next_try"])
                return one
            _end(one, DigestState.GIVEN_UP, error=one.error or "The worker ended while it was sent.")


@transaction.atomic
def _send(claimed: Digest, connection: BaseEmailBackend) -> bool:
    """Tell the reader what changed, as they may see it now; False where there is nothing to send."""
    mine = Digest.objects.filter(pk=claimed.pk, tries=claimed.tries, state=DigestState.SENDING).select_related("user")
    one = mine.select_for_update(skip_locked=True, of=("self",)).first()
    if one is None:  # another worker holds it, or has gone on with it
        return False
    user, wish = one.user, digests.wish_of(one.user)
    if wish.frequency == Frequency.NEVER or not user.is_active or not user.email:
        _end(one, DigestState.UNWANTED)
        return False
    scope, span = digest_changes.watched(user), digests.span_of(user, one.period, wish.frequency)
    changes = digest_changes.told(scope, span)
    if not changes:
        _end(one, DigestState.NOTHING)
        return False
    message = digest_mail.message(one, scope, span, changes, wish, stop_word(user))
    connection.send_messages([message])
    _end(one, DigestState.SENT, told=len(changes))
    summary = f"E-mail digest of {one.period} sent to {user}"
    details = {"told": len(changes), "from": span.then.isoformat(), "to": span.now.isoformat()}
    audit_log.record(actor=None, action="digest.sent", summary=summary, obj=user, details=details)
    return True


def _end(one: Digest, state: DigestState, **values: Any) -> None:
    Digest.objects.filter(pk=one.pk).update(**{"state": state, "ended_at": Now(), "error": "", **values})


def _failed(one: Digest, problem: Exception) -> None:
    """Keep why a try failed; the last one gives the digest up."""
    given_up = one.tries >= MOST_TRIES
    ended = {"state": DigestState.GIVEN_UP, "ended_at": Now()} if given_up else {"state": DigestState.FAILED}
    mine = Digest.objects.filter(pk=one.pk, tries=one.tries, state=DigestState.SENDING)
    mine.update(error=_words(problem)[:_LONGEST_ERROR], **ended)


def _words(problem: Exception) -> str:
    """What went wrong; of a server its own answer."""
    answer: tuple[int, bytes | str] | None = None
    if isinstance(problem, SMTPRecipientsRefused):
        answer = next(iter(problem.recipients.values()), None)
    elif isinstance(problem, SMTPResponseException):
        answer = problem.smtp_code, problem.smtp_error
    if answer is None:
        said = f"{type(problem).__name__}: {problem}"
    else:
        code, text = answer
        said = f"The mail server said {code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
    return said.replace("\x00", "")


@transaction.atomic
def try_again(*, actor: User, pk: int) -> bool:
    """Make one due again that failed or was given up, with all its tries; False where it is neither, or was overtaken
    by a later one. Raises PermissionDenied."""
    access.require_everywhere(actor, Permission.ADMIN)
    failing = Digest.objects.select_for_update(of=("self",)).select_related("user")
    one = failing.filter(pk=pk, state__in=[DigestState.FAILED, DigestState.GIVEN_UP]).first()
    if one is None or Digest.objects.filter(user=one.user, period__gt=one.period).exists():
        return False
    again = {"state": DigestState.DUE, "tries": 0, "next_try": Now(), "ended_at": None}
    Digest.objects.filter(pk=pk).update(**again)
    summary = f"E-mail digest of {one.period} to {one.user} to be tried again"
    audit_log.record(actor=actor, action="digest.tried_again", summary=summary, obj=one.user)
    doorbell.ring(WORK)
    return True
