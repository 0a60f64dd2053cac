"""The machines' doors of the risk storey, under /api/v1/."""

from django.urls import path

from risk.api import alerts, evidence, views

urlpatterns = [
    path("alerts/", alerts.AlertList.as_view(), name="api-alerts"),
    path("alerts/<int:pk>/", alerts.AlertDetail.as_view(), name="api-alert"),
    path("incidents/", alerts.IncidentList.as_view(), name="api-incidents"),
    path("incidents/<int:pk>/", alerts.IncidentDetail.as_view(), name="api-incident"),
    path("scores/", views.ScoreList.as_view(), name="api-scores"),
    path("applications/<int:pk>/answers/", views.Answers.as_view(), name="api-answers"),
    path("applications/<int:pk>/controls/", views.ControlStates.as_view(), name="api-controls"),
    path("applications/<int:pk>/evidence/", evidence.EvidenceList.as_view(), name="api-evidence"),
    path("applications/<int:pk>/evidence/<int:item>/", evidence.EvidenceItem.as_view(), name="api-evidence-item"),
    path(
        "applications/<int:pk>/evidence/<int:item>/withdraw/",
        evidence.EvidenceWithdrawal.as_view(),
        name="api-evidence-withdraw",
    ),
    path(
        "applications/<int:pk>/evidence/<int:item>/file/", evidence.EvidenceContent.as_view(), name="api-evidence-file"
    ),
]
