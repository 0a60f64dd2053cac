"""The addresses of the roof: overview, departments, compliance, recommendations, exports, health."""

from django.urls import path

from governance.web import (
    analytics,
    compliance,
    departments,
    exports,
    health,
    overview,
    recommendations,
    search,
    thresholds,
    views,
)

app_name = "governance"
urlpatterns = [
    path("", overview.overview_page, name="overview"),
    path("departments/", departments.department_list, name="departments"),
    path("departments/<path:key>/", departments.department_page, name="department"),
    path("ahead/", departments.ahead_page, name="ahead"),
    path("analytics/", analytics.use_page, name="analytics"),
    path("analytics/risk/", analytics.risk_page, name="analytics_risk"),
    path("analytics/threats/", analytics.threats_page, name="analytics_threats"),
    path("analytics/compliance/", analytics.compliance_page, name="analytics_compliance"),
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
    path("exports/board/", exports.board_report, name="board"),
    path("exports/overview.html", exports.overview_html, name="overview_html"),
    path("start/", views.start, name="start"),
    path("views/", views.view_list, name="views"),
    path("views/save/", views.save_view, name="view_save"),
    path("views/<int:pk>/", views.open_view, name="view"),
    path("views/<int:pk>/rename/", views.rename_view, name="view_rename"),
    path("views/<int:pk>/share/", views.share_view, name="view_share"),
    path("views/<int:pk>/delete/", views.delete_view, name="view_delete"),
    path("views/<int:pk>/start/", views.start_with_view, name="view_start"),
    path("search/", search.search_page, name="search"),
    path("search/box/", search.search_box, name="search_box"),
    path("healthz", health.health, name="health"),
]
