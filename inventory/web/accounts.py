"""Sign-in: allauth does the work; here is what we decide."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from sesame.utils import get_user

from inventory import audit_log
from inventory.models import User
from inventory.services import people


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Administrators add people; nobody adds themselves."""
        return False

    def set_password(self, user: User, password: str) -> None:
        """Through the service, which leaves an audit entry. The only way is one's own account page."""
        people.set_password(actor=user, user=user, password=password)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """A one-time sign-in link. Opening it shows a button; only pressing it uses the link up, so that mail scanners and
    link previews don't burn it."""
    if request.method == "GET":
        return render(request, "account/sign_in_link.html", {"token": token})
    with transaction.atomic():
        user = get_user(token, update_last_login=False)
        # The row lock makes two presses at once one success and one refusal: signing in changes last_login, on which
        # the token depends, and the second reads it after the first has committed.
        if user and User.objects.select_for_update().filter(pk=user.pk, last_login=user.last_login).exists():
            auth.login(request, user, backend="sesame.backends.ModelBackend")
            audit_log.record(
                actor=user,
                action="user.signed_in",
                summary="Signed in by one-time link",
                obj=user,
            )
            return redirect(settings.LOGIN_REDIRECT_URL)
    messages.error(request, _("This sign-in link was used already or is too old. Ask for a new one."))
    return redirect(reverse("account_login"))
