"""E-mail digests: one's own choice, the way out of a mail, and how sending goes."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.channels.digest_mail import ONE_CLICK
from governance.models import DigestState, Frequency
from governance.selectors import digest_changes
from governance.selectors import digests as selectors
from governance.services import digests
from inventory.access import Permission, requires
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest

administers = requires(Permission.ADMIN, everywhere=True)
TONES = {
    DigestState.SENT: "good",
    DigestState.SENDING: "info",
    DigestState.FAILED: "warn",
    DigestState.GIVEN_UP: "bad",
}


@require_http_methods(["GET", "HEAD", "POST"])
def digest_page(request: PersonRequest) -> HttpResponse:
    """How often I get one, and what the next would tell if it went out now. Everybody who is signed in has it."""
    if request.method == "POST":
        try:
            digests.choose(actor=request.user, frequency=request.POST.get("frequency", ""))
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
        else:
            messages.success(request, _("Your choice is saved."))
        return redirect("governance:digest")
    user, wish = request.user, selectors.wish_of(request.user)
    scope, recent, today = digest_changes.watched(user), selectors.recent(user), timezone.localdate()
    span = selectors.span_of(user, today, wish.frequency)
    context = {
        "wish": wish,
        "choices": Frequency.choices,
        "scope": scope,
        "days": span.words,
        "changes": digest_changes.told(scope, span),
        "everything_url": digest_changes.everything_of(scope, span),
        "next": selectors.next_period(recent[0] if recent else None, today, wish.frequency),
        "recent": recent,
        "mail_is_on": selectors.mail_is_on(),
        "tones": TONES,
    }
    return render(request, "governance/digest.html", context)


@csrf_exempt  # a mail program posts without ever having seen a page; the signed word in the address is the proof
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, word: str) -> HttpResponse:
    """The way out of a mail (RFC 8058). Opening it shows a button; only a POST ends anything, so that scanners and
    previews of links don't."""
    name, value = ONE_CLICK
    if request.method == "POST" and request.POST.get(name) == value:
        if not digests.stop(word=word):
            raise Http404("No such address.")
        return render(request, "governance/digest_stop.html", {"ended": True})
    if digests.reader_of(word) is None:
        raise Http404("No such address.")
    return render(request, "governance/digest_stop.html", {"name": name, "value": value})


@administers
@require_safe
def mail_page(request: PersonRequest) -> HttpResponse:
    """Settings: whether mail goes out and how, what failed, and every digest so far."""
    filters, counted = Filters.from_request(request, own={"state": dict(DigestState.choices)}), selectors.tally()
    states = filters.own.get("state", ())
    context = {
        "mail_is_on": selectors.mail_is_on(),
        "server": f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}",
        "security": settings.EMAIL_SECURITY,
        "sender": settings.DEFAULT_FROM_EMAIL,
        "hour": settings.DIGEST_HOUR,
        "most_tries": digests.MOST_TRIES,
        "counts": [(state, words, counted[state]) for state, words in DigestState.choices if state in counted],
        "state": ",".join(states),
        "whole": sum(counted.values()),
        "page": selectors.rows(states, filters.page),
        "failing": (DigestState.FAILED, DigestState.GIVEN_UP),
        "tones": TONES,
    }
    return render(request, "governance/mail.html", context)


@administers
@require_POST
def try_again(request: PersonRequest, pk: int) -> HttpResponse:
    """One more round for a digest that failed."""
    if digests.try_again(actor=request.user, pk=pk):
        messages.success(request, _("A worker tries it again."))
    else:
        messages.info(request, _("There is nothing to try again: it was sent, or a later one tells the same."))
    return redirect("governance:mail")
