"""The machines' doors of the risk storey, under /api/v1/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
