"""The machines' door, /api/v1/: each storey brings its own addresses."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from governance.api import recommendations, views

urlpatterns = [
    path("", include("inventory.api.urls")),
    path("", include("risk.api.urls")),
    path("departments/", views.DepartmentList.as_view(), name="api-departments"),
    path("frameworks/", views.FrameworkList.as_view(), name="api-frameworks"),
    path("compliance/", views.ComplianceList.as_view(), name="api-compliance"),
    path("recommendations/", recommendations.RecommendationList.as_view(), name="api-recommendations"),
    path(
        "recommendations/<int:pk>/evidence/",
        recommendations.RecommendationEvidence.as_view(),
        name="api-recommendation-evidence",
    ),
    path("usage/", views.UsageList.as_view(), name="api-usage"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
]
