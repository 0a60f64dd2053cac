"""The people's doors of the risk storey."""

from django.urls import path

from risk.web import (
    application,
    applications,
    classification,
    compare,
    controls,
    evidence,
    history,
    methods,
    organisation,
    questionnaire,
    recalculation,
    records,
    sharing,
    tasks,
    what_if,
)

app_name = "risk"

urlpatterns = [
    path("applications/", applications.application_list, name="applications"),
    path("applications/<int:pk>/", application.application_page, name="application"),
    path("applications/<int:pk>/questionnaire/", questionnaire.questionnaire, name="questionnaire"),
    path("applications/<int:pk>/questionnaire/consequences/", questionnaire.consequences, name="consequences"),
    path("applications/<int:pk>/classification/", classification.classification_page, name="classification"),
    path("applications/<int:pk>/controls/", controls.control_list, name="controls"),
    path("applications/<int:pk>/controls/<str:key>/", controls.control, name="control"),
    path("applications/<int:pk>/records/<str:form>/", records.record, name="record"),
    path("applications/<int:pk>/controls/<str:key>/evidence/", controls.control_evidence, name="control_evidence"),
    path("applications/<int:pk>/controls/<str:key>/not-applicable/", controls.not_applicable, name="not_applicable"),
    path("applications/<int:pk>/sharing/", sharing.sharing_page, name="sharing"),
    path("applications/<int:pk>/followers/<int:entry>/", sharing.followers_page, name="followers"),
    path("applications/<int:pk>/evidence/", evidence.evidence_of, name="application_evidence"),
    path("applications/<int:pk>/evidence/<int:item>/", evidence.evidence_item, name="evidence_item"),
    path("applications/<int:pk>/evidence/<int:item>/withdraw/", evidence.withdraw_evidence, name="withdraw_evidence"),
    path("applications/<int:pk>/evidence/<int:item>/file/", evidence.evidence_file, name="evidence_file"),
    path("evidence/", evidence.evidence_list, name="evidence"),
    path("applications/<int:pk>/activity/", application.activity_page, name="activity"),
    path("applications/<int:pk>/history/", history.history_page, name="history"),
    path("applications/<int:pk>/compare/", compare.compare_page, name="compare"),
    path("recalculation/", recalculation.recalculation_page, name="recalculation"),
    path("recalculation/<int:pk>/progress/", recalculation.run_progress, name="run_progress"),
    path("recalculation/<int:pk>/cancel/", recalculation.cancel_run, name="cancel_run"),
    path("recalculation/<int:pk>/resume/", recalculation.resume_run, name="resume_run"),
    path("applications/<int:pk>/what-if/", what_if.what_if_page, name="what_if"),
    path("tasks/", tasks.task_list, name="tasks"),
    path("tasks/<int:pk>/cancel/", tasks.cancel, name="task_cancel"),
    path("settings/method/", methods.method_page, name="method"),
    path("settings/method/<int:pk>/", methods.comparison_page, name="method_comparison"),
    path("organisation-facts/", organisation.organisation_page, name="organisation_facts"),
]
