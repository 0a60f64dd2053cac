"""The ground storey's part of /api/v1/. `governance.api.urls` includes it."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from inventory.api.feeds import BatchView, Deliveries
from inventory.api.unusual import UnusualDetail, UnusualList
from inventory.api.views import ApplicationViewSet, TokenViewSet

router = SimpleRouter()
router.register("applications", ApplicationViewSet, basename="api-application")
router.register("tokens", TokenViewSet, basename="api-token")

urlpatterns = [
    *router.urls,
    path("unusual/", UnusualList.as_view(), name="api-unusual"),
    path("unusual/<int:pk>/", UnusualDetail.as_view(), name="api-unusual-day"),
    # without a slash at the end: a POST can't be sent on to another address
    path("feeds/<slug:feed>", Deliveries.as_view(), name="api-feed"),
    path("feeds/<slug:feed>/batches/<int:pk>", BatchView.as_view(), name="api-feed-batch"),
]
