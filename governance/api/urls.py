"""The machines' door, /api/v1/: each storey brings its own addresses."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

urlpatterns = [
    path("", include("inventory.api.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
]
