"""Every address of the site: the people's doors by storey, the machines' under /api/v1/."""

from typing import NoReturn

from django.http import Http404, HttpRequest
from django.urls import include, path, re_path

NOT_OFFERED = ("password/reset", "email", "confirm-email", "login/code")  # each with all that lies below it


def not_offered(request: HttpRequest) -> NoReturn:
    """Of allauth's pages those that write mails to whatever address a stranger names, or change addresses, which only
    an administrator may. Raises Http404."""
    raise Http404("The hub doesn't offer this: an administrator gives one-time sign-in links and sets addresses.")


urlpatterns = [
    path("", include("governance.web.urls")),
    path("", include("inventory.web.urls")),
    path("", include("risk.web.urls")),
    *(
        re_path(f"^accounts/{page}/", not_offered, name=f"not_offered_{place}")
        for place, page in enumerate(NOT_OFFERED)
    ),
    path("accounts/", include("allauth.account.urls")),
    path("api/v1/", include("governance.api.urls")),
]
