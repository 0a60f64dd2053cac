"""Evidence: what it takes to call a control evidenced or verified, and how the statement follows its evidence."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import AIApplication, AuditLogEntry, ChangedApplication
from risk.method import load_method
from risk.models import ControlState, CurrentScore, Evidence, EvidenceFile
from risk.scoring.case import from_plain, to_plain
from risk.scoring.forecast import turning_points
from risk.selectors import cases, replay
from risk.services import controls, evidence, runs, scores
from tests.cast import Cast
from tests.risk.evidence import PDF, file, link, proof


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path: Path) -> None:
    settings.EVIDENCE_ROOT = tmp_path / "evidence"


def state(actor, application: AIApplication, status: str, **given) -> ControlState:
    return controls.state_control(actor=actor, application=application, control="GV-01", status=status, **given)


def now(application: AIApplication) -> ControlState:
    return application.control_states.get(control="GV-01")


def test_evidenced_needs_evidence(cast: Cast, application: AIApplication) -> None:
    with pytest.raises(ValidationError) as refused:
        state(cast.alice, application, "evidenced")
    assert "current item of evidence" in refused.value.message_dict["status"][0]
    link(application, "GV-02")  # another control's
    with pytest.raises(ValidationError):
        state(cast.alice, application, "evidenced")
    link(application, days=-1)  # expired
    with pytest.raises(ValidationError):
        state(cast.alice, application, "evidenced")
    link(application, days=0)  # its last day
    assert state(cast.alice, application, "evidenced").valid_until == timezone.localdate()


def test_a_link_may_come_along(cast: Cast, application: AIApplication) -> None:
    found = state(cast.alice, application, "evidenced", proof=proof(90))
    assert found.valid_until == timezone.localdate() + timedelta(days=90)
    assert application.evidence.get().added_by == cast.alice


def test_verified_takes_evidence_and_another_person(cast: Cast, application: AIApplication) -> None:
    with pytest.raises(PermissionDenied):
        state(cast.alice, application, "verified", proof=proof())
    with pytest.raises(ValidationError, match="Nobody has stated"):
        state(cast.bob, application, "verified", proof=proof())
    state(cast.bob, application, "attested")
    link(application)
    with pytest.raises(ValidationError, match="another person"):
        state(cast.bob, application, "verified")
    state(cast.ada, application, "verified")  # an administrator may review
    assert (now(application).attested_by, now(application).stated_by) == (cast.bob, cast.ada)
    evidence.withdraw(actor=cast.ada, item=application.evidence.get(), why="Superseded.")
    state(cast.alice, application, "attested", as_of=timezone.localdate() - timedelta(days=1))  # a claim of her own
    with pytest.raises(ValidationError, match="current item of evidence"):
        state(cast.bob, application, "verified")
    assert application.evidence.count() == 1  # what came along with a refusal is not kept


def test_who_corrects_a_note_takes_over_no_claim(cast: Cast, application: AIApplication) -> None:
    today = timezone.localdate()
    state(cast.bob, application, "attested", as_of=today - timedelta(days=3))
    link(application)
    same = {"as_of": today - timedelta(days=3)}
    state(cast.alice, application, "attested", **same, note="A word mended.", owner=cast.alice, due=today)
    assert (now(application).attested_by, now(application).stated_by) == (cast.bob, cast.alice)
    with pytest.raises(ValidationError, match="another person"):
        state(cast.bob, application, "verified")
    state(cast.alice, application, "attested")  # anew, as of today: her own claim
    assert now(application).attested_by == cast.alice
    state(cast.bob, application, "verified")


def test_a_check_does_not_rest_on_evidence_of_who_makes_it(cast: Cast, application: AIApplication) -> None:
    today = timezone.localdate()
    state(cast.alice, application, "attested")
    with pytest.raises(ValidationError) as refused:
        state(cast.bob, application, "verified", proof=proof())
    assert refused.value.message_dict == {"evidence": [controls.PROOF_APART]}
    assert not application.evidence.exists()
    own = link(application, days=400, actor=cast.bob)
    with pytest.raises(ValidationError, match="your own"):
        state(cast.bob, application, "verified")
    expired = link(application, days=-1, actor=cast.alice)
    with pytest.raises(ValidationError, match="your own"):
        state(cast.bob, application, "verified")
    link(application, days=30, actor=cast.alice)
    state(cast.bob, application, "verified")
    assert now(application).valid_until == today + timedelta(days=30)  # his own item extends nothing
    evidence.withdraw(actor=cast.alice, item=expired, why="Long over.")
    assert (now(application).status, now(application).valid_until) == ("verified", today + timedelta(days=30))
    evidence.withdraw(actor=cast.alice, item=application.evidence.latest("id"), why="Wrong system.")
    assert (now(application).status, now(application).valid_until) == ("evidenced", own.valid_until)
    state(cast.ada, application, "verified")  # to her, what he added is somebody else's
    assert now(application).valid_until == own.valid_until


def _by_the_service(person, item: Evidence, days: int) -> None:
    evidence.change(actor=person, item=item, proof=proof(days))


def _by_the_api(person, item: Evidence, days: int) -> None:
    client, until = Client(), timezone.localdate() + timedelta(days=days)
    client.force_login(person)
    address = reverse("api-evidence-item", args=[item.application_id, item.pk])
    answer = client.patch(address, {"valid_until": until.isoformat()}, content_type="application/json")
    assert answer.status_code == 200, answer.content


def _on_the_page(person, item: Evidence, days: int) -> None:
    client, until = Client(), timezone.localdate() + timedelta(days=days)
    client.force_login(person)
    fields = {"kind": item.kind, "title": item.title, "issued": item.issued.isoformat(), "valid_until": until}
    answer = client.post(reverse("risk:evidence_item", args=[item.application_id, item.pk]), fields)
    assert answer.status_code == 302, answer.content


@pytest.mark.parametrize("correct", [_by_the_service, _by_the_api, _on_the_page])
def test_who_corrects_evidence_rests_no_check_on_it(cast: Cast, application: AIApplication, correct) -> None:
    """Otherwise a reviewer writes the days that he then confirms."""
    state(cast.alice, application, "attested")
    item = link(application, days=-1, actor=cast.alice)
    correct(cast.bob, item, 400)
    with pytest.raises(ValidationError, match="you corrected it"):
        state(cast.bob, application, "verified")
    evidence.change(actor=cast.alice, item=item, proof=proof(401))  # her last word does not make his first one undone
    with pytest.raises(ValidationError, match="you corrected it"):
        state(cast.bob, application, "verified")
    state(cast.ada, application, "verified")  # she never touched it
    assert now(application).valid_until == timezone.localdate() + timedelta(days=401)


@pytest.mark.parametrize("correct", [_by_the_service, _by_the_api, _on_the_page])
def test_correcting_evidence_after_the_check_ends_the_check(cast: Cast, application: AIApplication, correct) -> None:
    item = link(application, days=30, actor=cast.alice)
    state(cast.alice, application, "evidenced")
    state(cast.bob, application, "verified")
    correct(cast.bob, item, 900)
    assert now(application).status == "evidenced"
    with pytest.raises(ValidationError, match="you corrected it"):
        state(cast.bob, application, "verified")
    link(application, days=60, actor=cast.alice)
    state(cast.bob, application, "verified")  # on what he has no hand in, and for as long as that lasts
    assert now(application).valid_until == timezone.localdate() + timedelta(days=60)


def test_a_verification_may_be_renewed_by_who_gave_it(cast: Cast, application: AIApplication) -> None:
    state(cast.alice, application, "evidenced", proof=proof())
    state(cast.bob, application, "verified", as_of=date(2026, 1, 2))
    assert state(cast.bob, application, "verified").attested_by == cast.alice


def test_the_statement_holds_as_long_as_its_evidence(cast: Cast, application: AIApplication) -> None:
    today = timezone.localdate()
    state(cast.alice, application, "evidenced", proof=proof(30))
    assert now(application).valid_until == today + timedelta(days=30)
    longer = link(application, days=90, actor=cast.alice)
    assert now(application).valid_until == today + timedelta(days=90)
    evidence.change(actor=cast.alice, item=longer, proof=proof(60))
    assert now(application).valid_until == today + timedelta(days=60)
    endless = link(application, actor=cast.alice)
    assert now(application).valid_until is None
    evidence.withdraw(actor=cast.alice, item=endless, why="Wrong file.")
    assert now(application).valid_until == today + timedelta(days=60)


def test_without_evidence_it_is_the_word_of_who_gave_it(cast: Cast, application: AIApplication) -> None:
    state(cast.alice, application, "evidenced", proof=proof(30))
    scores.rescore_changed()
    before = CurrentScore.objects.get(pk=application.pk)
    evidence.withdraw(actor=cast.alice, item=application.evidence.get(), why="It was another application's.")
    assert (now(application).status, now(application).valid_until) == ("attested", None)
    assert ChangedApplication.objects.filter(application=application).exists()
    scores.rescore_changed()
    assert CurrentScore.objects.get(pk=application.pk).overall_point > before.overall_point


def test_a_check_covers_what_stood_when_it_was_made(cast: Cast, application: AIApplication) -> None:
    today = timezone.localdate()
    state(cast.alice, application, "evidenced", proof=proof(30))
    state(cast.bob, application, "verified")
    link(application, days=400, actor=cast.alice)  # nobody but her has seen this
    assert (now(application).status, now(application).valid_until) == ("verified", today + timedelta(days=30))
    first = application.evidence.order_by("id").first()
    evidence.change(actor=cast.alice, item=first, proof=proof(500))  # nor this end
    assert (now(application).status, now(application).valid_until) == ("evidenced", today + timedelta(days=500))
    state(cast.bob, application, "verified")
    assert now(application).valid_until == today + timedelta(days=500)


def test_once_a_check_ends_other_evidence_carries_the_statement_by_the_day_alone(
    cast: Cast, application: AIApplication, monkeypatch
) -> None:
    """Who renews a report in time must not be worse off than who touches the control afterwards."""
    today, real = timezone.localdate(), timezone.localdate
    state(cast.alice, application, "evidenced", proof=proof(10))
    state(cast.bob, application, "verified")
    assert now(application).evidenced_until is None
    link(application, days=40, actor=cast.alice)
    found = now(application)
    assert (found.valid_until, found.evidenced_until) == (today + timedelta(10), today + timedelta(40))
    stated = cases.judge_now(application, today).case.controls["GV-01"]
    worth = [stated.status_on(today + timedelta(days)) for days in (10, 11, 40, 41)]
    assert worth == ["verified", "evidenced", "evidenced", "attested"]
    scores.rescore_changed()
    promised = CurrentScore.objects.get()

    def judged_in(days: int) -> float:
        day = today + timedelta(days)
        monkeypatch.setattr(timezone, "localdate", lambda value=None, zone=None: real(value, zone) if value else day)
        runs.finish(runs.start(actor=None, nightly=True))
        return CurrentScore.objects.get().overall_point

    assert judged_in(60) == pytest.approx(promised.overall_60d, abs=1e-9)
    before = judged_in(30)
    assert before == pytest.approx(promised.overall_30d, abs=1e-9)
    assert not [one for one in replay.replayed(replay.snapshots(newest_only=False)) if one.differences]
    page = Client()
    page.force_login(cast.bob)
    text = page.get(reverse("risk:control", args=[application.pk, "GV-01"])).content.decode()
    assert "so it counts as evidenced until somebody verifies it again" in text
    evidence.change(actor=cast.alice, item=application.evidence.order_by("id")[0], proof=proof(10, title="Renamed."))
    scores.rescore_changed()
    assert (now(application).status, CurrentScore.objects.get().overall_point) == ("evidenced", before)


def test_other_evidence_without_end_has_none(cast: Cast, application: AIApplication) -> None:
    state(cast.alice, application, "evidenced", proof=proof(10))
    own = link(application, actor=cast.bob)
    state(cast.bob, application, "verified")  # his own item is none that his check covers
    assert now(application).evidenced_until == date.max
    judgement = cases.judge_now(application, timezone.localdate())
    assert from_plain(to_plain(judgement.case)).controls == judgement.case.controls
    assert [one.what for one in turning_points(judgement, load_method(), date(9999, 1, 1))].count("evidence_ends") == 1
    evidence.withdraw(actor=cast.bob, item=own, why="Wrong.")
    assert now(application).evidenced_until is None


def test_freshness_decays_by_the_day_alone(cast: Cast, application: AIApplication) -> None:
    """Nobody presses anything: the same rows judged at later days are worth less."""
    controls.state_control(
        actor=cast.alice, application=application, control="RM-02", status="evidenced", proof=proof(20)
    )
    today = timezone.localdate()
    method_days = [today, today + timedelta(20), today + timedelta(21), today + timedelta(2000)]
    points = [cases.judge_now(application, day).score.high for day in method_days]
    assert points[0] == points[1] < points[2] < points[3]
    worth = [cases.judge_now(application, day).case.controls["RM-02"].status_on(day) for day in method_days]
    assert worth == ["evidenced", "evidenced", "attested", "attested"]


def test_the_nightly_run_sees_evidence_run_out(cast: Cast, application: AIApplication, monkeypatch) -> None:
    controls.state_control(
        actor=cast.alice, application=application, control="RM-02", status="evidenced", proof=proof(20)
    )
    scores.rescore_changed()
    before = CurrentScore.objects.get(pk=application.pk)
    later = timezone.now() + timedelta(days=21)
    monkeypatch.setattr(timezone, "now", lambda: later)
    runs.finish(runs.start(actor=None, nightly=True))
    after = CurrentScore.objects.get(pk=application.pk)
    assert after.as_of == timezone.localdate(later)
    assert after.overall_high > before.overall_high


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("kind", {"kind": "hearsay"}),
        ("title", {"title": "  "}),
        ("title", {"title": "x" * 301}),
        ("issued", {"issued": date(2999, 1, 1), "valid_until": None}),
        ("valid_until", {"issued": date(2026, 1, 2), "valid_until": date(2026, 1, 1)}),
        ("link", {"link": ""}),
        ("link", {"link": "http://wiki.bank.example/report"}),
        ("link", {"link": "javascript:alert(1)"}),
        ("link", {"link": "data:text/html,<script>alert(1)</script>"}),
        ("link", {"link": "https://alice:secret@wiki.bank.example/"}),
        ("link", {"link": "https://wiki.bank.example/\n"}),
        ("link", {"link": "https://wiki.bank.example/a b\r\nX: y"}),
        ("link", {"link": "//wiki.bank.example/"}),
        ("link", {"link": "file:///etc/passwd"}),
        ("link", {"link": "https://" + "a" * 3000}),
    ],
)
def test_what_cannot_be_evidence_is_refused_by_field(application: AIApplication, field: str, given: dict) -> None:
    if given.get("link", "").endswith("/\n"):  # white space around an address is a slip, not an attack
        assert link(application, **given).link == "https://wiki.bank.example/"
        return
    with pytest.raises(ValidationError) as refused:
        link(application, **given)
    assert field in refused.value.message_dict
    assert not Evidence.objects.exists()


def test_who_may(cast: Cast, application: AIApplication, tmp_path: Path) -> None:
    item = link(application)
    for person in (cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            file(application, actor=person)
        with pytest.raises(PermissionDenied):
            evidence.change(actor=person, item=item, proof=proof(1))
        with pytest.raises(PermissionDenied):
            evidence.withdraw(actor=person, item=item, why="No.")
    assert not list(tmp_path.rglob("*.*"))
    assert not EvidenceFile.objects.exists()


def test_a_file_is_kept_once_and_named_safely(cast: Cast, application: AIApplication) -> None:
    one = file(application, PDF, "../../Report.html", cast.alice)
    two = file(application, PDF, "again.pdf", cast.alice)
    assert EvidenceFile.objects.get().evidence.count() == 2
    assert (one.file_name, two.file_name) == ("Report.html.pdf", "again.pdf")
    entry = AuditLogEntry.objects.filter(action="evidence.added").earliest("id")
    assert entry.details["sha256"] == one.file_id
    assert (entry.actor, entry.details["control"]) == (cast.alice, "GV-01")


def test_nothing_is_ever_deleted_and_all_is_on_record(cast: Cast, application: AIApplication) -> None:
    item = link(application, actor=cast.alice)
    with pytest.raises(ValidationError, match="why"):
        evidence.withdraw(actor=cast.alice, item=item, why=" ")
    evidence.change(actor=cast.alice, item=item, proof=proof(5, title="Better words", link="https://evil.example"))
    evidence.withdraw(actor=cast.alice, item=item, why="Wrong year.")
    with pytest.raises(ValidationError):
        evidence.withdraw(actor=cast.alice, item=item, why="Again.")
    with pytest.raises(ValidationError):
        evidence.change(actor=cast.alice, item=item, proof=proof(9))
    with pytest.raises(ProgrammingError), transaction.atomic():
        item.delete()
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM risk_evidence")
    item.refresh_from_db()
    assert (item.title, item.link, item.withdrawn_why) == ("Better words", proof().link, "Wrong year.")
    assert list(item.events.order_by("pgh_id").values_list("title", flat=True))[:2] == [proof().title, "Better words"]
    actions = (
        AuditLogEntry.objects.filter(action__startswith="evidence.").order_by("id").values_list("action", flat=True)
    )
    assert list(actions) == ["evidence.added", "evidence.changed", "evidence.withdrawn"]


def test_an_owner_must_see_the_application(cast: Cast, application: AIApplication) -> None:
    assert state(cast.alice, application, "planned", owner=cast.carol).owner == cast.carol
    with pytest.raises(ValidationError) as refused:
        state(cast.alice, application, "planned", owner=cast.eve)
    assert "owner" in refused.value.message_dict
    entry = AuditLogEntry.objects.filter(action="control.stated").latest("id")
    assert entry.details["changes"]["owner"] == [None, "carol"]
