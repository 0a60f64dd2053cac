"""The addresses of the ground storey's pages."""

from django.urls import path

from inventory.web import (
    account,
    accounts,
    batch_changes,
    capture,
    cloud_apps,
    data_events,
    departments,
    dictionary,
    discovery,
    feed_sources,
    feeds,
    people,
    register,
    register_import,
)

app_name = "inventory"

urlpatterns = [
    path("sign-in/<str:token>/", accounts.sign_in_link, name="sign_in_link"),
    # Register
    path("applications/register/", register.register, name="register"),
    path("applications/register/similar/", register.similar, name="similar"),
    path("applications/<int:pk>/edit/", register.edit, name="application_edit"),
    path("applications/<int:pk>/identifiers/", register.identifiers, name="application_identifiers"),
    path("applications/import/", register_import.upload, name="import_register"),
    path("applications/import/<str:digest>/", register_import.preview, name="import_preview"),
    path("applications/import/<str:digest>/confirm/", register_import.confirm, name="import_confirm"),
    path("applications/import/<str:digest>/problems.csv", register_import.problems, name="import_problems"),
    # Feeds and what they tell
    path("feeds/", feeds.feed_list, name="feeds"),
    path("feeds/<int:pk>/", feeds.batch, name="batch"),
    path("feeds/<int:pk>/progress/", feeds.batch_progress, name="batch_progress"),
    path("feeds/<int:pk>/quarantine.csv", feeds.quarantine_lines, name="quarantine_lines"),
    path("feeds/<int:pk>/quarantine/", feeds.quarantine_reveal, name="quarantine_reveal"),
    path("feeds/<int:pk>/undo/", batch_changes.undo, name="batch_undo"),
    path("feeds/<int:pk>/again/", batch_changes.again, name="batch_again"),
    path("feeds/sources/add/", feed_sources.add, name="feed_add"),
    path("feeds/sources/<slug:slug>/", feed_sources.source, name="feed"),
    path("feeds/sources/<slug:slug>/change/", feed_sources.change, name="feed_change"),
    path("feeds/sources/<slug:slug>/keys/", feed_sources.rotate, name="feed_rotate"),
    path("feeds/sources/<slug:slug>/switch/", feed_sources.switch, name="feed_switch"),
    path("feeds/<int:pk>/content/", capture.content_reveal, name="content_reveal"),
    path("feeds/capture/", capture.capture_switch, name="capture_switch"),
    path("discovery/", discovery.sightings, name="sightings"),
    path("discovery/cloud-apps/", cloud_apps.cloud_app_list, name="cloud_apps"),
    path("data-events/", data_events.data_event_list, name="data_events"),
    # Settings
    path("settings/departments/", departments.tree, name="department_admin"),
    path("settings/departments/add/", departments.add, name="department_add"),
    path("settings/departments/<str:key>/", departments.edit, name="department_edit"),
    path("settings/labels/", dictionary.dictionary_page, name="dictionary"),
    path("settings/labels/<str:what>/", dictionary.dictionary_level, name="dictionary_level"),
    path("people/", people.people_list, name="people"),
    path("people/add/", people.add, name="person_add"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/roles/", people.give_role, name="role_give"),
    path("people/<int:pk>/roles/<int:role>/revoke/", people.revoke_role, name="role_revoke"),
    path("people/<int:pk>/active/", people.set_active, name="person_active"),
    path("people/<int:pk>/link/", people.issue_link, name="person_link"),
    path("account/", account.account, name="account"),
    path("account/tokens/", account.create_token, name="token_create"),
    path("account/tokens/<str:token_key>/revoke/", account.revoke_token, name="token_revoke"),
    path("account/sign-out-elsewhere/", account.sign_out_elsewhere, name="sign_out_elsewhere"),
]
