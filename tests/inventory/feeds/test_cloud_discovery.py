"""Visits out of proxy logs, and apps that a discovery service reports."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from inventory.choices import Operation
from inventory.connectors.base import CloudApp, Ignored, UnknownFormatError, Unreadable, Visit
from inventory.connectors.hosts import host_of
from inventory.models import CloudApp as StoredApp
from inventory.models import DailyUsage, DailyUser, ImportBatch, Interaction, SeenUser, Sighting
from inventory.services.imports import Summary, import_file, undo
from inventory.services.imports.ai_hosts import AIHosts
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES, audit_text, days_ago, items, record, users_text, write
from tests.inventory.feeds.test_activity_explorer import activity
from tests.inventory.feeds.test_records import VALUES

ANN = "ann@alderfinch.example"
COLUMNS = "Date,SourceIP,SourceUser,DestinationIP,DestinationURL,TotalBytes,UploadedBytes,DownloadedBytes,Action"


def line(host: str = "chatgpt.com", user: str = ANN, sent: int = 100, action: str = "allowed", ago: float = 1) -> str:
    at = datetime.now(UTC) - timedelta(days=ago)
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ},10.0.0.1,{user},192.0.2.1,https://{host}/x?q=1,9,{sent},9,{action}"


def ingest(folder: Path, *lines: str) -> Summary:
    found = import_file(actor=None, path=write(folder, "proxy.csv", "\n".join([COLUMNS, *lines]) + "\n"))
    assert found.rows == found.stored + found.duplicates + found.quarantined + found.ignored
    return found


def report(folder: Path, *apps: dict[str, Any]) -> Summary:
    found = import_file(actor=None, path=write(folder, "apps.json", json.dumps({"value": apps})))
    assert found.rows == found.stored + found.duplicates + found.quarantined + found.ignored
    return found


def app(number: int, **given: Any) -> dict[str, Any]:
    return {
        "id": f"app-{number}", "displayName": f"App {number}", "category": "generativeAi",
        "domains": [f"app{number}.example"], "riskScore": 7, "transactionCount": 3, "userCount": 2, **given,
    }  # fmt: skip


def kinds(found: list[Any]) -> list[type]:
    return [type(one) for one in found]


# The parsers


def test_none() -> None:
    assert items((SAMPLES / "proxy_none.csv").read_bytes(), "cloud_discovery") == []


def test_a_custom_log() -> None:
    allowed, blocked = items((SAMPLES / "proxy_custom.csv").read_bytes(), "cloud_discovery")
    assert isinstance(allowed, Visit)
    assert (allowed.user, allowed.seen.host, allowed.uploaded) == (
        "marketing.user3@northwind.example",
        "chatgpt.com",
        45102,
    )
    assert allowed.at == datetime(2026, 7, 14, 15, 1, 59, tzinfo=UTC)
    assert isinstance(blocked, Ignored)  # it was no visit


def test_squid_in_its_own_form() -> None:
    found: list[Any] = items((SAMPLES / "squid_native.log").read_bytes(), "cloud_discovery")
    assert kinds(found) == [Visit, Visit, Ignored, Visit]
    assert [(one.user, one.seen.host) for one in found if isinstance(one, Visit)] == [
        (ANN, "chatgpt.com"),
        ("", "claude.ai"),
        ("ben@alderfinch.example", "news.example"),
    ]
    assert found[0].at == datetime.fromtimestamp(1784041319.123, UTC)


def test_squid_in_the_common_form() -> None:
    found: list[Any] = items((SAMPLES / "squid_common.log").read_bytes(), "cloud_discovery")
    assert kinds(found) == [Visit, Visit, Ignored]
    assert (found[0].user, found[0].seen.host) == (ANN, "api.openai.com")
    assert found[0].at == datetime(2026, 7, 14, 15, 1, 59, tzinfo=UTC)


def test_odd_rows_are_read_or_named_and_queries_are_kept_nowhere() -> None:
    found: list[Any] = items((SAMPLES / "proxy_odd.csv").read_bytes(), "cloud_discovery")
    assert kinds(found) == [Visit, Visit, Unreadable, Unreadable, Visit, Unreadable]
    assert (found[0].seen.host, found[0].at.minute, found[0].uploaded) == ("chatgpt.com", 1, 45102)
    assert (found[1].at.year, found[1].uploaded) == (2026, 0)
    assert "secret" not in repr(found)
    assert found[4].uploaded == 0


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://ChatGPT.com:443/c/1?x=@y", "chatgpt.com"),
        ("claude.ai:443", "claude.ai"),
        ("ftp://u:p@h.example./", "h.example"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("", ""),
        ("https://", ""),
    ],
)
def test_the_host_of_an_address(address: str, host: str) -> None:
    assert host_of(address) == host


def test_a_log_of_something_else_is_of_no_known_kind() -> None:
    with pytest.raises(UnknownFormatError):
        items("Jul 14 15:01:59 host sshd[1]: Accepted password\n")


@given(st.binary(max_size=200))
@pytest.mark.parametrize("first", [COLUMNS.encode() + b"\n", (SAMPLES / "squid_native.log").read_bytes()])
def test_any_bytes_become_visits_or_quarantine(first: bytes, raw: bytes) -> None:
    assert all(isinstance(one, Visit | Ignored | Unreadable) for one in items(first + raw, "cloud_discovery"))


def test_discovered_apps() -> None:
    chat, notes = items((SAMPLES / "cloud_apps_many.json").read_bytes(), "cloud_apps")
    assert isinstance(chat, CloudApp)
    assert (chat.name, chat.domains, chat.safety, chat.users) == (
        "ChatGPT", ("chatgpt.com", "chat.openai.com"), 7, 28,
    )  # fmt: skip
    assert (chat.tags, chat.uploaded, notes.safety) == (("unsanctioned",), 91233041, 3)


def test_odd_apps() -> None:
    odd = [app(1, riskScore=None, riskRating="4"), app(2, riskScore=40, userCount="x"), app(3, domains="a.b; c.d")]
    found: list[Any] = items(json.dumps([*odd, app(4, displayName=None)]), "cloud_apps")
    assert [one.safety for one in found[:3]] == [4, None, 7]
    assert found[2].domains == ("a.b", "c.d")
    assert kinds(found[3:]) == [Unreadable]


@given(st.dictionaries(st.sampled_from([*app(1), "tags", "lastSeenDateTime"]), VALUES))
def test_no_app_breaks_the_reader(odd: dict[str, Any]) -> None:
    found = items(json.dumps([app(1), {**app(2), **odd}]), "cloud_apps")
    assert all(isinstance(one, CloudApp | Unreadable) for one in found)


# Storing visits


def test_visits_run_the_same_river_and_are_no_interactions(cast: Cast, tmp_path: Path) -> None:
    people = users_text((ANN, "Ann", "1", "Cards"))
    import_file(actor=None, path=write(tmp_path, "users.csv", people))
    application = make_application(cast.treasury, "Chat", identifiers=[("host", "chatgpt.com")])
    lines = [line(), line(sent=50), line("files.claude.ai"), line("claude.ai", "tom@x.example"), line("news.example")]
    lines += [line("chatgpt.com.evil.example"), line(action="blocked"), "never,1,2,3,https://claude.ai/,1,1,1,allowed"]
    found = ingest(tmp_path, *lines)
    assert (found.stored, found.unmatched, found.ignored, found.quarantined) == (4, 2, 3, 1)
    again = ingest(tmp_path, *lines)
    assert (again.stored, again.duplicates, again.ignored) == (0, 4, 3)
    mine = DailyUsage.objects.get(application=application)
    assert (mine.interactions, mine.visits, mine.uploaded, mine.users) == (0, 2, 150, 1)
    assert mine.department == cast.cards
    seen = Sighting.objects.get()
    assert (seen.name, seen.interactions, seen.visits) == ("claude.ai", 0, 2)
    assert seen.operations == [Operation.VISIT]
    assert set(Interaction.objects.values_list("operation", flat=True)) == {Operation.VISIT}


@pytest.mark.django_db
def test_who_only_visits_other_sites_is_nobodys_business(tmp_path: Path) -> None:
    found = ingest(tmp_path, line("news.example", "ben@x.example"), line("claude.ai", "tom@x.example"))
    assert (found.stored, found.ignored) == (1, 1)
    assert list(SeenUser.objects.values_list("name", flat=True)) == ["tom@x.example"]
    assert DailyUser.objects.count() == 1
    assert ingest(tmp_path, line("news.example", "eve@x.example")).ignored == 1


@pytest.mark.django_db
def test_visits_and_interactions_of_a_day_stand_beside_each_other(tmp_path: Path) -> None:
    text = audit_text(record(UserId=ANN, AppIdentity="claude.ai", Operation="AIAppInteraction"))
    import_file(actor=None, path=write(tmp_path, "audit.csv", text))
    ingest(tmp_path, line("claude.ai"), line("claude.ai", sent=7))
    one = DailyUsage.objects.aggregate(**{name: Sum(name) for name in ("interactions", "visits", "uploaded")})
    assert one == {"interactions": 1, "visits": 2, "uploaded": 107}
    people = users_text((ANN, "Ann", "oid-1", "Cards"))
    import_file(actor=None, path=write(tmp_path, "users.csv", people))  # they move as all Unassigned rows do
    assert set(DailyUsage.objects.values_list("department__name", flat=True)) == {"Cards"}
    two = DailyUsage.objects.aggregate(**{name: Sum(name) for name in ("interactions", "visits", "uploaded")})
    assert two == one


@pytest.mark.django_db
def test_visits_of_the_activity_explorer_count_too(tmp_path: Path) -> None:
    visit = activity(1, "AI website visit", TargetDomain="chatgpt.com")
    found = import_file(actor=None, path=write(tmp_path, "x.json", json.dumps([visit])))
    assert (found.kind, found.stored) == ("activity_explorer", 1)
    assert Sighting.objects.get().visits == 1


def test_a_host_belongs_to_the_site_it_lies_below() -> None:
    hosts = AIHosts(["openai.com"])
    assert [hosts.site(host) for host in ("api.OpenAI.com", "openai.com", "notopenai.com", "com", "")] == [
        "openai.com", "openai.com", "", "", "",
    ]  # fmt: skip


# The same interaction out of the audit log and out of the explorer


def told_twice(**given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    at = days_ago(1)
    audit = record(UserId=ANN, CreationTime=at, AppIdentity="AIApp.SaaS.ChatGPT", Operation="AIAppInteraction")
    return audit, activity(77, Happened=at + "Z", User=ANN, **given)


@pytest.mark.django_db
def test_an_interaction_that_the_audit_log_has_told_is_a_duplicate(tmp_path: Path) -> None:
    audit, told = told_twice()
    import_file(actor=None, path=write(tmp_path, "audit.csv", audit_text(audit)))
    other = {**told, "RecordIdentity": "x", "User": "tom@x.example"}
    found = import_file(actor=None, path=write(tmp_path, "x.json", json.dumps([told, other])))
    assert (found.stored, found.duplicates) == (1, 1)
    assert DailyUsage.objects.aggregate(n=Sum("interactions"))["n"] == 2


@pytest.mark.django_db
@pytest.mark.parametrize("named", [{}, {"AppIdentity": "", "PurviewAIAppName": "ChatGPT", "Workload": "AIApp"}])
def test_an_interaction_that_the_explorer_told_first_makes_room(tmp_path: Path, named: dict[str, str]) -> None:
    audit, told = told_twice(**named)
    stays = {**told, "RecordIdentity": "x", "Happened": days_ago(3) + "Z"}
    told_first = json.dumps([{**told, "SensitiveInfoTypeData": [{"SensitiveInfoTypeName": "IBAN"}]}, stays])
    import_file(actor=None, path=write(tmp_path, "x.json", told_first))
    spoken = {**audit["CopilotEventData"], "Messages": [{"Id": "1", "JailbreakDetected": True}]}
    found = import_file(actor=None, path=write(tmp_path, "a.csv", audit_text({**audit, "CopilotEventData": spoken})))
    assert (found.stored, found.duplicates) == (1, 0)
    names = ("interactions", "jailbreak", "sensitive", "users")
    assert DailyUsage.objects.aggregate(**{name: Sum(name) for name in names}) == {
        "interactions": 2, "jailbreak": 1, "sensitive": 0, "users": 2,
    }  # fmt: skip
    assert Sighting.objects.aggregate(n=Sum("interactions"))["n"] == Interaction.objects.count() == 2
    assert DailyUser.objects.count() == 2
    again = import_file(actor=None, path=write(tmp_path, "x.json", told_first))
    assert (again.stored, again.duplicates) == (0, 2)


@pytest.mark.django_db
def test_visits_can_be_undone(tmp_path: Path) -> None:
    ingest(tmp_path, line(sent=50), line("claude.ai"))
    before = list(DailyUsage.objects.order_by("pk").values("visits", "uploaded", "users"))
    ingest(tmp_path, line(sent=7), line("copilot.microsoft.com"))
    batch = ImportBatch.objects.latest("pk")
    undo.ask(actor=None, batch=batch, reason="Wrong file")
    undo.carry_out(batch.pk)
    assert list(DailyUsage.objects.order_by("pk").values("visits", "uploaded", "users")) == before
    assert set(Sighting.objects.values_list("name", "visits")) == {("chatgpt.com", 1), ("claude.ai", 1)}


@pytest.mark.django_db
def test_another_application_in_the_same_minute_is_no_twin(tmp_path: Path) -> None:
    audit, told = told_twice(AppIdentity="AIApp.SaaS.Other")
    import_file(actor=None, path=write(tmp_path, "audit.csv", audit_text(audit)))
    assert import_file(actor=None, path=write(tmp_path, "x.json", json.dumps([told]))).stored == 1


@pytest.mark.parametrize("registered", ["Gemini", "ChatGPT", "", "both"])
@pytest.mark.parametrize("audit_first", [True, False])
def test_two_applications_that_are_named_are_no_twins(
    cast: Cast, tmp_path: Path, registered: str, audit_first: bool
) -> None:
    if registered in ("Gemini", "both"):
        make_application(cast.cards, "Gemini", identifiers=[("app_identity", "Google Gemini")])
    if registered in ("ChatGPT", "both"):
        make_application(cast.cards, "Chat", identifiers=[("app_identity", "AIApp.SaaS.ChatGPT")])
    audit, told = told_twice(AppIdentity="", PurviewAIAppName="Google Gemini", Workload="AIApp")
    paths = [
        write(tmp_path, "audit.csv", audit_text(audit)),
        write(tmp_path, "x.json", json.dumps([told])),
    ]
    for path in paths if audit_first else reversed(paths):
        assert import_file(actor=None, path=path).stored == 1
    assert Interaction.objects.count() == 2


@pytest.mark.parametrize("name", ["ChatGPT", "OpenAI ChatGPT", "AIApp", ""])
@pytest.mark.parametrize("registered", [True, False])
@pytest.mark.parametrize("audit_first", [True, False])
def test_a_name_that_agrees_or_says_nothing_is_a_twin(
    cast: Cast, tmp_path: Path, name: str, registered: bool, audit_first: bool
) -> None:
    if registered:
        make_application(cast.cards, "Chat", identifiers=[("app_identity", "AIApp.SaaS.ChatGPT")])
    audit, told = told_twice(AppIdentity="", PurviewAIAppName=name, AppIdentityCategory="AIApp")
    audit_path = write(tmp_path, "audit.csv", audit_text(audit))
    told_path = write(tmp_path, "x.json", json.dumps([told]))
    for path in (audit_path, told_path) if audit_first else (told_path, audit_path):
        import_file(actor=None, path=path)
    assert Interaction.objects.get().batch.kind == "purview_audit"


@pytest.mark.django_db
@pytest.mark.parametrize("log_first", [True, False])
def test_a_visit_that_explorer_and_log_tell_counts_once(tmp_path: Path, log_first: bool) -> None:
    at = days_ago(1)
    seen = [activity(n, "AI website visit", Happened=at + "Z", TargetDomain="chatgpt.com") for n in (1, 2)]
    seen[1]["User"] = "tom@x.example"  # only the explorer knows of him
    seen.append(activity(3, "AI website visit", Happened=at + "Z", TargetDomain="claude.ai"))
    spoken = activity(4, Happened=at + "Z", AppIdentity="chatgpt.com")  # a visit is no twin of an interaction
    told = write(tmp_path, "x.json", json.dumps([*seen, spoken]))
    log = write(
        tmp_path, "log.csv", f"{COLUMNS}\n" + f"{at}.25Z,10.0.0.1,{ANN},192.0.2.1,https://chatgpt.com/,9,60,9,allowed\n"
    )
    for path in (log, told) if log_first else (told, log):
        import_file(actor=None, path=path)
    counted = DailyUsage.objects.aggregate(**{name: Sum(name) for name in ("interactions", "visits", "uploaded")})
    assert counted == {"interactions": 1, "visits": 3, "uploaded": 60}
    assert Sighting.objects.aggregate(n=Sum("visits"))["n"] == 3
    again = import_file(actor=None, path=told)
    assert (again.stored, again.duplicates) == (0, 4)


# Storing apps


def test_a_report_is_stored_once_and_a_later_one_counts(cast: Cast, tmp_path: Path) -> None:
    application = make_application(cast.cards, "Notes", identifiers=[("host", "app2.example")])
    storage = app(3, category="cloudStorage")
    found = report(tmp_path, app(1), app(2, category="productivity"), storage)
    assert (found.kind, found.stored, found.ignored, found.unmatched) == ("cloud_apps", 2, 1, 1)
    assert StoredApp.objects.get(pk="app-2").application == application
    again = report(tmp_path, app(1), app(2, category="productivity"), storage)
    assert (again.stored, again.duplicates, again.ignored) == (0, 2, 1)
    assert report(tmp_path, app(1, userCount=9), app(1, userCount=10)).duplicates == 1
    assert StoredApp.objects.get(pk="app-1").users == 10
    assert ingest(tmp_path, line("www.app1.example")).stored == 1  # its domains are known as AI from now on


def test_a_safe_app_has_a_low_risk() -> None:
    assert StoredApp(safety=10).risk == 0
    assert StoredApp(safety=2.5).risk == 75
    assert StoredApp(safety=None).risk is None


def test_the_page_meets_the_cast(
    client: Client, cast: Cast, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    url = reverse("inventory:cloud_apps")
    for person in (cast.alice, cast.bob, cast.carol, cast.eve):
        client.force_login(person)
        assert client.get(url).status_code == 403  # the figures are the whole organisation's
    client.force_login(cast.dan)
    assert "No cloud apps yet" in client.get(url).content.decode()
    report(tmp_path, app(1, displayName="<script>alert(1)</script>"), app(2), app(3, riskScore=None))
    shown = client.get(url).content.decode()
    assert "<script>alert" not in shown
    assert "safety 7 of 10" in shown
    with django_assert_max_num_queries(20) as few:
        client.get(url)
    report(tmp_path, *(app(n, lastSeenDateTime=timezone.now().isoformat()) for n in range(40)))
    with django_assert_max_num_queries(len(few)):
        client.get(url)
    assert "No cloud app fits" in client.get(url, {"q": "zzz"}).content.decode()
