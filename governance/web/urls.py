"""The addresses of the roof: overview, departments, compliance, exports, health."""

from django.urls import path

from governance.web import health

app_name = "governance"
urlpatterns = [
    path("healthz", health.health, name="health"),
]
