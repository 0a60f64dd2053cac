"""Evidence on pages and by the API, met by the cast."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.models import AIApplication, AuditLogEntry
from risk.models import Evidence
from risk.services import controls, evidence
from risk.services.evidence_files import path_of
from tests.builders import make_application
from tests.cast import Cast
from tests.risk.evidence import PDF, file, link, proof
from tests.risk.test_api import JSON, api
from tests.risk.test_pages import as_, shown


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path: Path) -> None:
    settings.EVIDENCE_ROOT = tmp_path / "evidence"


def words(**given) -> dict[str, str]:
    """The fields of the form."""
    fields = {"title": "Test of May", "kind": "test_report", "issued": "2026-01-05", "valid_until": "", "link": ""}
    return {f"evidence-{name}": value for name, value in (fields | given).items()}


def upload(content: bytes, name: str) -> dict:
    return {"evidence-file": SimpleUploadedFile(name, content, "image/png")}  # the sender's type counts for nothing


def test_a_link_and_a_file_by_form(cast: Cast, application: AIApplication) -> None:
    address = reverse("risk:control_evidence", args=[application.pk, "GV-01"])
    client = as_(cast.alice)
    assert client.post(address, words(link="https://wiki.bank.example/x")).status_code == 302
    assert client.post(address, {**words(), **upload(PDF, "report.pdf")}).status_code == 302
    page = shown(client, reverse("risk:control", args=[application.pk, "GV-01"]))
    assert "https://wiki.bank.example/x" in page
    assert "report.pdf" in page
    assert "noopener" in page
    assert 'rel="noopener' in shown(client, reverse("risk:application_evidence", args=[application.pk]))


@pytest.mark.parametrize(
    ("given", "file_of", "says"),
    [
        ({}, None, "either a file or a link"),
        ({"link": "https://x.example/"}, (PDF, "a.pdf"), "either a file or a link"),
        ({"link": "javascript:alert(1)"}, None, "begins with https"),
        ({}, (b"<svg onload=alert(1)>", "a.png"), "HTML, SVG and XML are not taken"),
        ({}, (b"MZ\x90\x00", "a.pdf"), "not taken"),
        ({"title": ""}, (PDF, "a.pdf"), "required"),
        ({"kind": "hearsay"}, (PDF, "a.pdf"), "valid choice"),
    ],
)
def test_what_is_wrong_stands_on_the_form(cast: Cast, application: AIApplication, given, file_of, says: str) -> None:
    address = reverse("risk:control_evidence", args=[application.pk, "GV-01"])
    answer = as_(cast.alice).post(address, {**words(**given), **(upload(*file_of) if file_of else {})})
    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not Evidence.objects.exists()


def test_a_file_leaves_only_as_a_download(cast: Cast, application: AIApplication) -> None:
    item = file(application, b"hello <script>alert(1)</script>", 'evil".html')
    address = reverse("risk:evidence_file", args=[application.pk, item.pk])
    answer = as_(cast.dan).get(address)
    assert b"".join(answer.streaming_content) == b"hello <script>alert(1)</script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == 'attachment; filename="evil.html.txt"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "no-store" in answer["Cache-Control"]
    entry = AuditLogEntry.objects.get(action="evidence.downloaded")
    assert (entry.actor, entry.details["sha256"]) == (cast.dan, item.file_id)
    assert as_(cast.eve).get(address).status_code == 404
    assert api(cast.dan).get(f"/api/v1/applications/{application.pk}/evidence/{item.pk}/file/").status_code == 200
    assert api(cast.eve).get(f"/api/v1/applications/{application.pk}/evidence/{item.pk}/file/").status_code == 404


def test_evidence_of_one_application_is_not_reached_through_another(cast: Cast, application: AIApplication) -> None:
    secret = file(make_application(cast.treasury, "Secret"))
    for page in ("evidence_file", "evidence_item"):
        assert as_(cast.alice).get(reverse(f"risk:{page}", args=[application.pk, secret.pk])).status_code == 404
    address = reverse("risk:withdraw_evidence", args=[application.pk, secret.pk])
    assert as_(cast.alice).post(address, {"why": "Because."}).status_code == 404


def test_a_file_that_is_gone_says_so(cast: Cast, application: AIApplication) -> None:
    item = file(application)
    path_of(item.file_id).unlink()
    answer = as_(cast.alice).get(reverse("risk:evidence_file", args=[application.pk, item.pk]), follow=True)
    assert "stored file is missing" in answer.content.decode()


def test_correcting_and_withdrawing(cast: Cast, application: AIApplication) -> None:
    item = link(application, actor=cast.alice)
    client, address = as_(cast.alice), reverse("risk:evidence_item", args=[application.pk, item.pk])
    given = {"title": "Test of June", "kind": "ticket", "issued": "2026-01-06", "valid_until": "2026-01-01"}
    assert "would end before" in client.post(address, given).content.decode()
    assert client.post(address, {**given, "valid_until": "2026-02-01"}).status_code == 302
    away = reverse("risk:withdraw_evidence", args=[application.pk, item.pk])
    assert client.post(away, {"why": ""}).status_code == 302
    item.refresh_from_db()
    assert (item.title, item.withdrawn_at) == ("Test of June", None)
    client.post(away, {"why": "Not ours."})
    page = shown(client, reverse("risk:control", args=[application.pk, "GV-01"]))
    assert "Not ours." in page
    assert "Withdrew evidence" in page


def test_who_only_reads_sees_no_forms(cast: Cast, application: AIApplication) -> None:
    item = link(application)
    for name, rest in (("controls", []), ("control", ["GV-01"]), ("application_evidence", [])):
        page = shown(as_(cast.dan), reverse(f"risk:{name}", args=[application.pk, *rest]))
        assert 'method="post"' not in page.split("<main")[1].split("</main")[0]
        assert "Correct or withdraw" not in page
    assert as_(cast.dan).get(reverse("risk:evidence_item", args=[application.pk, item.pk])).status_code == 403
    for name in ("control", "application_evidence"):
        rest = ["GV-01"] if name == "control" else []
        assert as_(cast.eve).get(reverse(f"risk:{name}", args=[application.pk, *rest])).status_code == 404


def test_the_list_of_the_organisation(cast: Cast, application: AIApplication) -> None:
    elsewhere = make_application(cast.treasury, "Cash planner")
    link(application, days=10, title="Ends soon")
    link(application, days=-3, title="Has ended")
    link(application, title="Has no end", kind="ticket")
    evidence.withdraw(actor=None, item=link(application, title="Taken back"), why="Wrong.")
    link(elsewhere, days=50, title="Of treasury")
    address = reverse("risk:evidence")

    def titles(person, **query) -> set[str]:
        page = shown(as_(person), address, **query)
        every = ("Ends soon", "Has ended", "Has no end", "Taken back", "Of treasury")
        return {title for title in every if title in page}

    assert titles(cast.alice) == {"Ends soon", "Has ended", "Has no end"}
    assert titles(cast.dan) == {"Ends soon", "Has ended", "Has no end", "Of treasury"}
    assert titles(cast.eve) == {"Of treasury"}
    assert titles(cast.dan, department="treasury") == {"Of treasury"}
    assert titles(cast.dan, ends="30") == {"Ends soon"}
    assert titles(cast.dan, ends="60") == {"Ends soon", "Of treasury"}
    assert titles(cast.dan, ends="expired") == {"Has ended"}
    assert titles(cast.dan, ends="withdrawn") == {"Taken back"}
    assert titles(cast.dan, evidence="ticket") == {"Has no end"}
    assert titles(cast.dan, q="cash") == {"Of treasury"}
    assert titles(cast.dan, q="nothing like it") == set()


def test_three_items_cost_the_queries_of_thirty(cast: Cast, application: AIApplication) -> None:
    def cost(address: str) -> int:
        client = as_(cast.alice)
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    addresses = [
        reverse("risk:evidence"),
        reverse("risk:application_evidence", args=[application.pk]),
        reverse("risk:controls", args=[application.pk]) + "?family=all",
        reverse("risk:control", args=[application.pk, "GV-01"]),
    ]
    for number in range(3):
        link(application, days=number)
    before = [cost(address) for address in addresses]
    for number in range(27):
        link(make_application(cast.cards) if number % 2 else application, days=number)
    assert [cost(address) for address in addresses] == before


def test_the_filters_of_controls(cast: Cast, application: AIApplication) -> None:
    today = timezone.localdate()
    given = {"actor": cast.alice, "application": application}
    controls.state_control(control="GV-01", status="planned", owner=cast.alice, **given)
    controls.state_control(control="GV-02", status="planned", due=today - timedelta(1), owner=cast.bob, **given)
    controls.state_control(control="GV-03", status="evidenced", proof=proof(5), **given)
    address = reverse("risk:controls", args=[application.pk])

    def ids(show: str) -> set[str]:
        page = shown(as_(cast.alice), address, show=show, family="all")
        return {key for key in ("GV-01", "GV-02", "GV-03", "GV-04") if f'id="{key}"' in page}

    assert ids("mine") == {"GV-01"}
    assert ids("overdue") == {"GV-02"}
    assert ids("expiring") == {"GV-03"}
    assert ids("open") == {"GV-04"}
    assert ids("inherited") == set()
    assert ids("answered") == {"GV-01", "GV-02", "GV-03"}


def test_by_the_api(cast: Cast, application: AIApplication) -> None:
    client, address = api(cast.alice), f"/api/v1/applications/{application.pk}/evidence/"
    given = {"control": "GV-01", "kind": "ticket", "title": "Fixed", "issued": "2026-01-05"}
    made = client.post(address, {**given, "link": "https://tickets.bank.example/1"}, content_type=JSON)
    assert made.status_code == 201
    assert client.post(address, {**given, "link": "http://x.example"}, content_type=JSON).status_code == 400
    sent = client.post(address, {**given, "file": SimpleUploadedFile("r.pdf", PDF)})
    assert sent.status_code == 201
    assert sent.json()["size"] == len(PDF)
    refused = client.post(address, {**given, "file": SimpleUploadedFile("r.pdf", b"<svg/>")})
    assert "SVG" in refused.json()["file"][0]
    one = f"{address}{made.json()['id']}/"
    assert client.patch(one, {"title": "Mended"}, content_type=JSON).json()["title"] == "Mended"
    assert client.patch(one, {"link": "https://evil.example"}, content_type=JSON).json()["link"].startswith("https://t")
    assert client.post(f"{one}withdraw/", {"why": "Twice."}, content_type=JSON).json()["withdrawn_by"] == "alice"
    assert client.patch(one, {"title": "Again"}, content_type=JSON).status_code == 400
    assert [item["title"] for item in client.get(address).json()] == ["Fixed", "Mended"]
    stated = {"control": "GV-02", "status": "evidenced"}
    controls_ = f"/api/v1/applications/{application.pk}/controls/"
    refused = client.post(controls_, stated, content_type=JSON)
    assert "evidence" in refused.json()["status"][0]
    inline = {"kind": "ticket", "title": "Done", "issued": "2026-01-05", "link": "https://tickets.bank.example/2"}
    answer = client.post(controls_, {**stated, "evidence": inline, "owner": "bob"}, content_type=JSON)
    assert (answer.status_code, answer.json()["owner"]) == (200, "bob")
    assert api(cast.dan).post(address, given, content_type=JSON).status_code == 403
    assert api(cast.eve).get(address).status_code == 404


def test_the_store_is_checked(application: AIApplication, capsys) -> None:
    good, bad, gone = (file(application, PDF + bytes([65 + n])) for n in range(3))
    path_of(bad.file_id).write_bytes(b"rotten")
    path_of(gone.file_id).unlink()
    with pytest.raises(SystemExit):
        call_command("check_evidence")
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["files"], summary["intact"], summary["missing"], summary["damaged"]) == (3, 1, 1, 1)
    path_of(gone.file_id).write_bytes(PDF + b"C")
    path_of(bad.file_id).write_bytes(PDF + b"B")
    call_command("check_evidence")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["intact"] == 3
    assert good.file_id != bad.file_id


def test_as_a_dataset(cast: Cast, application: AIApplication) -> None:
    link(application, days=10, title="=1+1")
    evidence.withdraw(actor=cast.alice, item=link(application, days=-3), why="Wrong.")
    link(make_application(cast.treasury), days=20)
    client = as_(cast.alice)

    def exported(**query) -> list[dict]:
        given = {"dataset": "evidence", "format": "json", **query}
        answer = client.get(reverse("governance:download"), given)
        return json.loads(b"".join(answer.streaming_content))

    assert [(row["state"], row["title"]) for row in exported()] == [
        ("current", "=1+1"),
        ("withdrawn", "Report of the yearly test"),
    ]
    assert [row["title"] for row in exported(ends="30")] == ["=1+1"]
    assert [row["withdrawn_by"] for row in exported(ends="withdrawn")] == ["alice"]
