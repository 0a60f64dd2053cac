"""The addresses of the roof: overview, departments, compliance, recommendations, exports, health."""

from django.urls import path

from governance.web import compliance, departments, exports, health, overview, recommendations, thresholds

app_name = "governance"
urlpatterns = [
    path("", overview.overview_page, name="overview"),
    path("departments/", departments.department_list, name="departments"),
    path("departments/<path:key>/", departments.department_page, name="department"),
    path("ahead/", departments.ahead_page, name="ahead"),
    path("compliance/", compliance.compliance_page, name="compliance"),
    path("compliance/gaps/", compliance.gap_list, name="gaps"),
    path("compliance/<slug:framework>/", compliance.framework_page, name="framework"),
    path("recommendations/", recommendations.recommendation_list, name="recommendations"),
    path("recommendations/next/", recommendations.next_page, name="next_actions"),
    path("recommendations/<int:pk>/", recommendations.recommendation_page, name="recommendation"),
    path("recommendations/<int:pk>/evidence.csv", recommendations.evidence_csv, name="recommendation_csv"),
    path("recommendations/<int:pk>/act/", recommendations.act, name="recommendation_act"),
    path("settings/recommendations/", thresholds.threshold_page, name="thresholds"),
    path("exports/", exports.export_list, name="exports"),
    path("exports/download/", exports.download, name="download"),
    path("exports/overview.html", exports.overview_html, name="overview_html"),
    path("healthz", health.health, name="health"),
]
