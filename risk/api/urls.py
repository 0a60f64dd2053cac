"""The machines' doors of the risk storey, under /api/v1/."""

from django.urls import path

from risk.api import views

urlpatterns = [
    path("scores/", views.ScoreList.as_view(), name="api-scores"),
    path("applications/<int:pk>/answers/", views.Answers.as_view(), name="api-answers"),
    path("applications/<int:pk>/controls/", views.ControlStates.as_view(), name="api-controls"),
]
