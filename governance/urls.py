"""Every address of the site: the people's doors by storey, the machines' under /api/v1/."""

from django.urls import include, path

urlpatterns = [
    path("", include("governance.web.urls")),
    path("", include("inventory.web.urls")),
    path("", include("risk.web.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("api/v1/", include("governance.api.urls")),
]
