"""The people's doors of the risk storey."""

from django.urls import URLPattern

app_name = "risk"
urlpatterns: list[URLPattern] = []
