"""The addresses of the roof: overview, departments, compliance, exports, health."""

from django.urls import path

from governance.web import exports, health

app_name = "governance"
urlpatterns = [
    path("exports/", exports.export_list, name="exports"),
    path("exports/download/", exports.download, name="download"),
    path("healthz", health.health, name="health"),
]
