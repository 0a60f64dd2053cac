"""The addresses of the roof: overview, departments, compliance, exports, health."""

from django.urls import path

from governance.web import compliance, departments, exports, health, overview

app_name = "governance"
urlpatterns = [
    path("", overview.overview_page, name="overview"),
    path("departments/", departments.department_list, name="departments"),
    path("departments/<path:key>/", departments.department_page, name="department"),
    path("ahead/", departments.ahead_page, name="ahead"),
    path("compliance/", compliance.compliance_page, name="compliance"),
    path("compliance/gaps/", compliance.gap_list, name="gaps"),
    path("compliance/<slug:framework>/", compliance.framework_page, name="framework"),
    path("exports/", exports.export_list, name="exports"),
    path("exports/download/", exports.download, name="download"),
    path("exports/board/", exports.board_report, name="board"),
    path("exports/overview.html", exports.overview_html, name="overview_html"),
    path("healthz", health.health, name="health"),
]
