"""The addresses of the ground storey's pages."""

from django.urls import path

from inventory.web import accounts

app_name = "inventory"

urlpatterns = [
    path("sign-in/<str:token>/", accounts.sign_in_link, name="sign_in_link"),
]
