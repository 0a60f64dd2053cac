"""One's own account: roles, password, API tokens, sessions. Everybody who is signed in has one."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from inventory.choices import RoleKind
from inventory.services import sessions
from inventory.web.forms import TokenForm, add_service_errors
from inventory.web.requests import PersonRequest


@require_GET
def account(request: PersonRequest) -> HttpResponse:
    """What I may do where, and how I get in."""
    return _page(request)


@require_POST
def create_token(request: PersonRequest) -> HttpResponse:
    """A new API token, shown on this answer and never again."""
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            __, token = sessions.create_token(actor=request.user, **form.cleaned_data)
        except ValidationError as problems:
            add_service_errors(form, problems)
        else:
            return _page(request, token=token)
    return _page(request, form=form)


@require_POST
def revoke_token(request: PersonRequest, token_key: str) -> HttpResponse:
    """Delete one of my tokens; what used it stops working at once."""
    if sessions.revoke_token(actor=request.user, token_key=token_key):
        messages.success(request, _("The token is revoked."))
    return redirect("inventory:account")


@require_POST
def sign_out_elsewhere(request: PersonRequest) -> HttpResponse:
    """End my sessions in other browsers; this one stays."""
    ended = sessions.sign_out_elsewhere(actor=request.user, session_key=request.session.session_key)
    said = ngettext("Ended %(n)s other session.", "Ended %(n)s other sessions.", ended) % {"n": ended}
    messages.success(request, said)
    return redirect("inventory:account")


def _page(request: PersonRequest, *, form: TokenForm | None = None, token: str = "") -> HttpResponse:
    user = request.user
    has_password = user.has_usable_password()
    held = list(user.roles.select_related("department").order_by("department__name", "kind"))
    context = {
        "held": held,
        "leads": any(role.kind == RoleKind.LEADER for role in held),
        "tokens": sessions.tokens(user),
        "form": form or TokenForm(),
        "token": token,
        "has_password": has_password,
        "mail_is_on": bool(settings.EMAIL_HOST),
        "password_url": reverse("account_change_password" if has_password else "account_set_password"),
    }
    return render(request, "inventory/account.html", context)
