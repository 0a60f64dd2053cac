"""Register, link and rule out what feeds name: past facts follow to the last figure, and come back as they were."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.choices import BatchState, RulingKind
from inventory.models import (
    AIApplication,
    AuditLogEntry,
    ChangedApplication,
    ChangedDay,
    DailyUsage,
    ImportBatch,
    Ruling,
    Sighting,
    User,
)
from inventory.selectors.discovery import seen as discovery_seen
from inventory.selectors.discovery.seen import Looked, seen_by_department, seen_not_registered
from inventory.services import discovery, imports
from inventory.services.imports import undo
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import LABEL, audit_text, days_ago, record, users_text, write

pytestmark = pytest.mark.django_db
CHATGPT = {"AppIdentity": "AIApp.SaaS.ChatGPT", "Operation": "AIAppInteraction"}
MARKED = {"AccessedResources": [{"SensitivityLabelId": LABEL}]}
TABLES = ("interaction", "dailyusage", "dailypeople", "dailysensitive")
_serial = iter(range(10_000))


def load(folder: Path, *records: dict[str, Any]) -> ImportBatch:
    imports.import_file(actor=None, path=write(folder, f"audit{next(_serial)}.csv", audit_text(*records)))
    return ImportBatch.objects.order_by("-pk")[0]


def facts() -> dict[str, list[tuple]]:
    """Every fact that is kept, without the numbers of rows."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT to_jsonb(t) - 'id' FROM inventory_{table} t ORDER BY 1")
            found[table] = cursor.fetchall()
    return found


def open_names(user: User | None = None, **options: Any) -> set[str]:
    ada = user or User.objects.get(username="ada")
    return set(seen_not_registered(Looked(ada), **options).values_list("name", flat=True))


@pytest.fixture
def seen(cast: Cast, tmp_path: Path) -> Sighting:
    """Ann of Cards and Tom of Treasury use ChatGPT, which nobody registered."""
    people = users_text(("ann@x.example", "Ann", "1", "Cards"), ("tom@x.example", "Tom", "2", "Treasury"))
    imports.import_file(actor=None, path=write(tmp_path, "users.csv", people))
    load(
        tmp_path,
        record(UserId="ann@x.example", event=MARKED, **CHATGPT),
        record(UserId="ann@x.example", CreationTime=days_ago(50), **CHATGPT),
        record(UserId="tom@x.example", **CHATGPT),
        record(UserId="stranger@x.example", **CHATGPT),
    )
    return Sighting.objects.get()


@pytest.fixture
def letters(cast: Cast) -> AIApplication:
    """An application with use of its own, by the same person on the same day."""
    return make_application(cast.retail, "Letter Writer", identifiers=[("host", "letters.example")])


def test_a_link_takes_every_fact_along(cast: Cast, seen: Sighting, letters: AIApplication, tmp_path: Path) -> None:
    load(tmp_path, record(UserId="ann@x.example", AppIdentity=..., event={"AppHost": "letters.example"}))
    before = {row["day"]: row for row in _by_day(None)}
    ChangedApplication.objects.all().delete()
    discovery.link(actor=cast.ada, sighting=seen, application=letters, reason="The same.")
    assert not DailyUsage.objects.filter(application=None).exists()
    own = timezone.localdate() - timedelta(days=1)
    after = {row["day"]: row for row in _by_day(letters)}
    assert {day: n["n"] + (day == own) for day, n in before.items()} == {day: n["n"] for day, n in after.items()}
    assert sum(row["sensitive"] for row in after.values()) == 1
    assert set(ChangedApplication.objects.values_list("application", flat=True)) == {letters.pk}
    assert letters.identifiers.filter(kind="app_identity", value="AIApp.SaaS.ChatGPT").exists()
    assert open_names() == set()
    entry = AuditLogEntry.objects.get(action="sighting.linked")
    assert (entry.actor, entry.reason) == (cast.ada, "The same.")
    assert entry.details["moved"]["interaction"] == 4


def _by_day(application: AIApplication | None) -> list[dict[str, Any]]:
    rows = DailyUsage.objects.filter(application=application).order_by().values("day")
    return list(rows.annotate(n=Sum("interactions"), sensitive=Sum("sensitive")))


def test_taking_a_link_back_leaves_everything_as_it_was(
    cast: Cast, seen: Sighting, letters: AIApplication, tmp_path: Path
) -> None:
    load(tmp_path, record(UserId="ann@x.example", AppIdentity=..., event={"AppHost": "letters.example"}))
    before, identifiers = facts(), set(letters.identifiers.values_list("kind", "folded"))
    discovery.link(actor=cast.ada, sighting=seen, application=letters)
    assert facts() != before
    discovery.take_back(actor=cast.ada, sighting=seen, reason="Another one.")
    assert facts() == before
    assert set(letters.identifiers.values_list("kind", "folded")) == identifiers
    assert open_names() == {"AIApp.SaaS.ChatGPT"}
    assert not Ruling.objects.exists()


def test_linking_and_taking_back_have_the_days_judged_again(cast: Cast, seen: Sighting, letters: AIApplication) -> None:
    used = set(DailyUsage.objects.values_list("day", flat=True))
    assert len(used) == 2
    for change in (
        lambda: discovery.link(actor=cast.ada, sighting=seen, application=letters, reason="The same."),
        lambda: discovery.take_back(actor=cast.ada, sighting=seen, reason="It is not."),
    ):
        ChangedDay.objects.all().delete()
        change()
        assert set(ChangedDay.objects.values_list("day", flat=True)) == used


def test_what_comes_after_the_link_counts_there_and_goes_back_with_it(
    cast: Cast, seen: Sighting, letters: AIApplication, tmp_path: Path
) -> None:
    discovery.link(actor=cast.ada, sighting=seen, application=letters)
    batch = load(tmp_path, record(UserId="tom@x.example", **CHATGPT))
    assert batch.unmatched == 0
    assert not DailyUsage.objects.filter(application=None).exists()
    discovery.take_back(actor=cast.ada, sighting=seen, reason="Another one.")
    assert not DailyUsage.objects.filter(application=letters).exists()
    assert sum(DailyUsage.objects.values_list("interactions", flat=True)) == 5


def test_a_link_outlives_the_undoing_of_its_file(
    cast: Cast, seen: Sighting, letters: AIApplication, tmp_path: Path
) -> None:
    """The sighting goes with its facts; when the file is read again, its facts are the application's at once."""
    discovery.link(actor=cast.ada, sighting=seen, application=letters)
    batch = ImportBatch.objects.get(kind="purview_audit")
    undo.ask(actor=None, batch=batch, reason="Wrong file.")
    undo.carry_out(batch.pk)
    assert ImportBatch.objects.get(pk=batch.pk).state == BatchState.UNDONE
    assert not Sighting.objects.exists()
    assert not DailyUsage.objects.exists()
    load(tmp_path, record(UserId="ann@x.example", **CHATGPT))
    assert set(DailyUsage.objects.values_list("application", flat=True)) == {letters.pk}
    assert Sighting.objects.get().pk != seen.pk
    assert open_names() == set()
    discovery.take_back(actor=cast.ada, sighting=Sighting.objects.get(), reason="Another one.")
    assert open_names() == {"AIApp.SaaS.ChatGPT"}


def test_an_agent_known_by_its_name_only_is_linked_by_it(cast: Cast, letters: AIApplication, tmp_path: Path) -> None:
    """The product that it was used in must not become an identifier: everything else in there would follow."""
    load(tmp_path, record(AgentName="Letter Bot"))
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=letters)
    assert letters.identifiers.count() == 1
    load(tmp_path, record(AgentName="Letter Bot"), record())
    assert sum(DailyUsage.objects.filter(application=letters).values_list("interactions", flat=True)) == 2
    assert open_names() == {"Copilot.MicrosoftCopilot.Word"}


def test_an_identifier_that_another_application_has_is_refused(
    cast: Cast, seen: Sighting, letters: AIApplication
) -> None:
    make_application(cast.retail, "Holder", identifiers=[("app_identity", "AIApp.SaaS.ChatGPT")])
    with pytest.raises(ValidationError, match="already belongs"):
        discovery.link(actor=cast.ada, sighting=seen, application=letters)
    assert DailyUsage.objects.filter(application=letters).count() == 0


def test_registering_from_discovery(client: Client, cast: Cast, seen: Sighting) -> None:
    client.force_login(cast.alice)
    address = f"{reverse('inventory:register')}?sighting={seen.pk}"
    form = client.get(address).context["form"]
    assert {name: form[name].value() for name in ("name", "vendor", "kind")} == {
        "name": "ChatGPT", "vendor": "OpenAI", "kind": "application",
    }  # fmt: skip
    given = {"name": "ChatGPT", "purpose": "Drafts.", "kind": "application", "department": "retail", "vendor": "OpenAI"}
    assert client.post(address, given).status_code == 302
    application = AIApplication.objects.get()
    assert list(application.identifiers.values_list("value", flat=True)) == ["AIApp.SaaS.ChatGPT"]
    assert not DailyUsage.objects.filter(application=None).exists()
    client.force_login(cast.eve)
    assert client.get(address).status_code == 403


def test_ruled_out_leaves_the_list_until_its_day(cast: Cast, seen: Sighting) -> None:
    today = timezone.localdate()
    assert discovery.rule_out(actor=cast.ada, sightings=[seen.pk], reason="A trial.", until=today) == 1
    assert open_names() == set()
    assert open_names(standing=RulingKind.RULED_OUT.value) == {"AIApp.SaaS.ChatGPT"}
    assert seen_by_department(Looked(cast.ada)) == []
    tomorrow = Looked(cast.ada, today=today + timedelta(days=1))
    assert set(seen_not_registered(tomorrow).values_list("pk", flat=True)) == {seen.pk}
    discovery.take_back(actor=cast.ada, sighting=seen, reason="No trial.")
    assert open_names() == {"AIApp.SaaS.ChatGPT"}
    actions = list(AuditLogEntry.objects.filter(action__startswith="sighting.").values_list("action", flat=True))
    assert sorted(actions) == ["sighting.ruled_out", "sighting.taken_back"]


def test_ruled_out_comes_back_when_use_grows_tenfold(cast: Cast, seen: Sighting, tmp_path: Path) -> None:
    """3 records in 30 days count as 10 at least: 99 don't wake it, 100 do."""
    discovery.rule_out(actor=cast.ada, sightings=[seen.pk], reason="Harmless.")
    assert Ruling.objects.get().use == 3
    load(tmp_path, *(record(UserId="tom@x.example", **CHATGPT) for _ in range(96)))
    assert open_names() == set()
    load(tmp_path, record(UserId="tom@x.example", **CHATGPT))
    assert open_names() == {"AIApp.SaaS.ChatGPT"}
    discovery.rule_out(actor=cast.ada, sightings=[seen.pk], reason="Still harmless.")
    assert Ruling.objects.get().use == 100
    assert open_names() == set()


@pytest.mark.parametrize(
    ("reason", "days", "field"),
    [(" ", None, "reason"), ("x\x00", None, "reason"), ("x", -1, "until"), ("x", 400, "until")],
)
def test_a_ruling_needs_a_reason_and_a_sensible_end(
    cast: Cast, seen: Sighting, reason: str, days: int | None, field: str
) -> None:
    until = None if days is None else timezone.localdate() + timedelta(days=days)
    with pytest.raises(ValidationError) as refused:
        discovery.rule_out(actor=cast.ada, sightings=[seen.pk], reason=reason, until=until)
    assert list(refused.value.message_dict) == [field]


def test_deciding_takes_a_reviewer_of_all_who_use_it(
    cast: Cast, seen: Sighting, letters: AIApplication, tmp_path: Path
) -> None:
    """Bob reviews Retail; ChatGPT is used by Treasury too, and Notes by Cards alone, which belongs to Retail."""
    load(tmp_path, record(UserId="ann@x.example", AppIdentity="AIApp.SaaS.Notes", Operation="AIAppInteraction"))
    notes = Sighting.objects.get(name="AIApp.SaaS.Notes")
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            discovery.link(actor=person, sighting=seen, application=letters)
    for person in (cast.alice, cast.carol, cast.dan):
        with pytest.raises((PermissionDenied, ValidationError)):
            discovery.rule_out(actor=person, sightings=[notes.pk], reason="No.")
    with pytest.raises(PermissionDenied):
        discovery.rule_out(actor=cast.bob, sightings=[notes.pk, seen.pk], reason="All or nothing.")
    assert not Ruling.objects.exists()
    assert discovery.rule_out(actor=cast.bob, sightings=[notes.pk], reason="Ours.") == 1


def test_the_pages_meet_the_cast(client: Client, cast: Cast, seen: Sighting, letters: AIApplication) -> None:
    codes = {}
    for name in ("alice", "bob", "carol", "dan", "eve", "ada"):
        client.force_login(getattr(cast, name))
        codes[name] = [
            client.get(reverse("inventory:sighting", args=[seen.pk])).status_code,
            client.get(reverse("inventory:never_seen")).status_code,
            client.get(reverse("risk:beyond_approval")).status_code,
            client.get(reverse("inventory:catalogue")).status_code,
        ]
    assert codes == {name: [200, 200, 200, 200 if name == "ada" else 403] for name in codes}
    client.force_login(cast.eve)
    assert "Letter Writer" not in client.get(reverse("inventory:never_seen")).content.decode()
    client.force_login(cast.carol)
    assert "Letter Writer" in client.get(reverse("inventory:never_seen")).content.decode()


def test_the_page_decides(client: Client, cast: Cast, seen: Sighting, letters: AIApplication) -> None:
    act = reverse("inventory:sighting_act")
    client.force_login(cast.ada)
    base = {"page": "sighting", "sighting": seen.pk}
    assert client.post(act, {**base, "action": "rule_out"}).status_code == 400
    assert client.post(act, {**base, "action": "link", "application": "nothing"}).status_code == 400
    assert client.post(act, {"sighting": "9" * 30, "action": "rule_out"}).status_code == 404
    given = {**base, "action": "link", "application": letters.external_id}
    assert client.post(act, given).status_code == 302
    shown = client.get(reverse("inventory:sighting", args=[seen.pk])).content.decode()
    assert "Letter Writer" in shown
    assert client.post(act, {**base, "action": "take_back", "reason": "x"}).status_code == 302
    assert (
        client.post(act, {"sighting": [seen.pk], "action": "rule_out", "reason": "x", "query": "q=a"}).status_code
        == 302
    )
    assert "Ruled out" in client.get(reverse("inventory:sightings"), {"standing": "ruled_out"}).content.decode()


def test_what_is_decided_is_not_decided_again_beside_it(client: Client, cast: Cast, seen: Sighting) -> None:
    """Ruled out, it is taken back first; until then nothing else is offered."""
    client.force_login(cast.ada)
    address = reverse("inventory:sighting", args=[seen.pk])
    offered = ('value="rule_out"', 'value="link"', f"?sighting={seen.pk}")
    page = client.get(address).content.decode()
    assert [one in page for one in offered] == [True, True, True]
    assert 'value="take_back"' not in page
    discovery.rule_out(actor=cast.ada, sightings=[seen.pk], reason="A trial.")
    page = client.get(address).content.decode()
    assert [one in page for one in offered] == [False, False, False]
    assert 'value="take_back"' in page
    assert "Why it matches nothing" not in page


def test_an_application_to_link_is_found_by_its_name(
    client: Client, cast: Cast, seen: Sighting, letters: AIApplication
) -> None:
    """By what is typed, by its whole name, or without scripts out of what is called alike."""
    options, act = reverse("inventory:link_options"), reverse("inventory:sighting_act")
    twin = make_application(cast.cards, "Letter Writer")
    shown = {}
    for name in ("alice", "bob", "carol", "dan", "eve", "ada"):
        client.force_login(getattr(cast, name))
        answer = client.get(options, {"application": "letter wri"})
        shown[name] = answer.status_code, answer.content.decode().count("<option")
    refused = (403, 0)
    assert shown == {
        "alice": refused,
        "bob": (200, 2),
        "carol": refused,
        "dan": refused,
        "eve": refused,
        "ada": (200, 2),
    }
    client.force_login(cast.ada)
    assert client.get(options, {"application": "<b"}).content.decode().strip() == ""
    given = {"page": "sighting", "sighting": seen.pk, "action": "link"}
    several = client.post(act, {**given, "application": "letter writer"})
    assert several.status_code == 400
    assert several.content.decode().count('<option value="AI-') == 2
    assert not Ruling.objects.exists()
    assert client.post(act, {**given, "application": "letter writer", "twin": twin.external_id}).status_code == 302
    assert Ruling.objects.get().application == twin
    discovery.take_back(actor=cast.ada, sighting=seen, reason="x")
    twin.name = "Another"
    twin.save()
    assert client.post(act, {**given, "application": " letter WRITER "}).status_code == 302
    assert Ruling.objects.get().application == letters


def test_the_order_nobody_asked_for_shows_in_its_column(client: Client, cast: Cast, seen: Sighting) -> None:
    client.force_login(cast.ada)
    page = reverse("inventory:sightings")
    headers = re.findall(r"<th[^>]*aria-sort=\"(\w+)\"[^>]*><a[^>]*>([^<]+)", client.get(page).content.decode())
    assert headers == [("descending", "Interactions")]
    named = client.get(page, {"sort": "name"}).content.decode()
    assert re.findall(r"aria-sort=\"(\w+)\"[^>]*><a[^>]*>([^<]+)", named) == [("ascending", "AI app")]


def test_what_is_said_of_rows_is_said_where_there_are_some(client: Client, cast: Cast, seen: Sighting) -> None:
    client.force_login(cast.ada)
    page, said = reverse("inventory:sightings"), "Users are distinct within a row"
    assert said in client.get(page).content.decode()
    assert said not in client.get(page, {"q": "nothing is called so"}).content.decode()


def test_the_list_is_in_the_order_of_the_use_it_shows(
    client: Client, cast: Cast, seen: Sighting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of so many names that adding up takes long it is that of all use ever: then no arrow stands on the figures."""
    claude = {**CHATGPT, "AppIdentity": "AIApp.SaaS.Claude"}
    load(tmp_path, *(record(UserId="ann@x.example", CreationTime=days_ago(60), **claude) for _ in range(9)))
    load(tmp_path, record(UserId="ann@x.example", **claude))
    client.force_login(cast.ada)
    page = reverse("inventory:sightings")

    def listed(**query: str) -> list[int]:
        return [one.interactions for one in client.get(page, query).context["page"].object_list]

    assert listed() == [3, 1]
    assert listed(sort="interactions") == [1, 3]
    assert Sighting.objects.order_by("-interactions").first() != seen
    monkeypatch.setattr(discovery_seen, "ADDED_UP", 1)
    assert listed() == [1, 3]
    shown = client.get(page).content.decode()
    assert "aria-sort" not in shown
    assert "the order is that of all use ever" in shown


def test_what_is_used_says_how_many_people_that_are(client: Client, cast: Cast, seen: Sighting, tmp_path: Path) -> None:
    """The tile that leads here tells them; the rows alone add up to more."""
    load(tmp_path, record(UserId="ann@x.example", **{**CHATGPT, "AppIdentity": "AIApp.SaaS.Claude"}))
    page = reverse("inventory:sightings")
    for person, rows, people in ((cast.ada, 4, 3), (cast.carol, 2, 1)):
        client.force_login(person)
        shown = client.get(page, {"used": "yes"})
        assert sum(one.users for one in shown.context["page"].object_list) == rows
        assert shown.context["people"] == people
        assert "Together" in shown.content.decode()
        assert client.get(page).context["people"] is None
