"""The ground storey's part of /api/v1/. `governance.api.urls` includes it."""

from rest_framework.routers import SimpleRouter

from inventory.api.views import ApplicationViewSet, TokenViewSet

router = SimpleRouter()
router.register("applications", ApplicationViewSet, basename="api-application")
router.register("tokens", TokenViewSet, basename="api-token")

urlpatterns = router.urls
