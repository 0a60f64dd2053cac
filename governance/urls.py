"""Every address of the site: the people's doors by storey, the machines' under /api/v1/."""

from typing import NoReturn

from django.http import Http404, HttpRequest
from django.urls import include, path, re_path

# Each with all that lies below it
NOT_OFFERED = {
    "no_password_reset": "password/reset",
    "no_own_address": "email",
    "no_confirmation": "confirm-email",
    "no_sign_in_code": "login/code",
}


def not_offered(request: HttpRequest) -> NoReturn:
    """Of allauth's pages those that write mails to whatever address a stranger names, or change addresses, which only
    an administrator may. Raises Http404."""
    raise Http404("The hub doesn't offer this: an administrator gives one-time sign-in links and sets addresses.")


urlpatterns = [
    path("", include("governance.web.urls")),
    path("", include("inventory.web.urls")),
    path("", include("risk.web.urls")),
    *(re_path(f"^accounts/{page}/", not_offered, name=name) for name, page in NOT_OFFERED.items()),
    path("accounts/", include("allauth.account.urls")),
    path("api/v1/", include("governance.api.urls")),
]
