"""Another method: tried on the estate without storing anything, then switched by an administrator, then replayable."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import AIApplication, AuditLogEntry, ChangedApplication, User
from risk import frameworks
from risk import method as methods_room
from risk.choices import RunState
from risk.method import in_force, load_method, newest, released_texts, releases
from risk.models import (
    BandChange,
    ControlState,
    CurrentScore,
    MethodComparison,
    MethodInForce,
    RescoreRun,
    ScoreSnapshot,
)
from risk.selectors.comparison import compare
from risk.services import assessments, methods, runs, scores
from tests.cast import Cast

NEXT = "2099.1"
STRICTER = {"max_mitigation: 0.85": "max_mitigation: 0.40"}
RENAMED = {"under_1m: 0.7": "up_to_1m: 0.7", "under_1m: 3": "up_to_1m: 3"}
FIXED = newest()


def written(folder: Path, changes: dict[str, str], version: str = FIXED) -> Path:
    """A folder with the scoring of a version, changed."""
    text = released_texts(version)["method/scoring.yaml"].decode()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scoring.yaml").write_text(text)
    return folder


@pytest.fixture
def stricter() -> dict[str, str]:
    """What the second version changes: controls take off at most 40 %."""
    return STRICTER


@pytest.fixture
def second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stricter: dict[str, str]) -> Iterator[str]:
    """A second released version, in a temporary folder."""
    texts = released_texts(FIXED)
    for version in (FIXED, NEXT):
        for file, text in texts.items():
            room, name = file.split("/", 1)
            target = tmp_path / room / version / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)
    written(tmp_path / "method" / NEXT, stricter)
    known = yaml.safe_load((methods_room.FOLDER / "releases.yaml").read_text())
    files = {
        file: sha256((tmp_path / file.split("/")[0] / NEXT / file.split("/", 1)[1]).read_bytes()).hexdigest()
        for file in texts
    }
    known["releases"][NEXT] = {**known["releases"][FIXED], "released": date(2099, 1, 1), "files": files}
    (tmp_path / "method" / "releases.yaml").write_text(yaml.safe_dump(known))
    monkeypatch.setattr(methods_room, "FOLDER", tmp_path / "method")
    monkeypatch.setattr(frameworks, "FOLDER", tmp_path / "frameworks")
    releases.cache_clear()
    methods_room._load.cache_clear()
    yield NEXT
    releases.cache_clear()
    methods_room._load.cache_clear()
    in_force.remember(FIXED)


@pytest.fixture
def judged(cast: Cast, application: AIApplication) -> AIApplication:
    """An application whose controls take something off."""
    answers = {"consequence": "rights_or_livelihood", "scale": "under_1m", "ai_system": False, "gpai_provider": False}
    assessments.save_answers(actor=None, application=application, answers=answers)
    for control in load_method().controls:
        ControlState.objects.create(
            application=application, control=control, status="verified", as_of=timezone.localdate()
        )
    scores.mark([application.pk])
    scores.rescore_changed()
    return application


def diff(*versions: object) -> tuple[list[str], dict]:
    out = StringIO()
    call_command("method", "diff", *map(str, versions), stdout=out)
    *lines, summary = out.getvalue().splitlines()
    return lines, json.loads(summary)


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


# The dry run


def test_a_candidate_in_a_folder_shows_who_moves_and_why(judged: AIApplication, tmp_path: Path) -> None:
    rows = (ScoreSnapshot.objects.count(), CurrentScore.objects.get().overall_point)
    lines, summary = diff(FIXED, written(tmp_path / "draft", STRICTER))
    assert (summary["applications"], summary["changed"], summary["not_computable"]) == (1, 1, 0)
    assert list(summary) == [
        "before", "after", "applications", "changed", "band_changes", "not_computable", "seconds",
    ]  # fmt: skip
    assert any(judged.external_id in line for line in lines)
    assert any(line.startswith("    ") for line in lines)  # the parts that differ
    assert any("Cards: index" in line for line in lines)
    assert (ScoreSnapshot.objects.count(), CurrentScore.objects.get().overall_point) == rows


def test_a_version_against_itself_moves_nobody(judged: AIApplication) -> None:
    lines, summary = diff(FIXED, FIXED)
    assert (lines, summary["changed"], summary["band_changes"]) == ([], 0, 0)


def test_what_the_candidate_cannot_judge_is_told(judged: AIApplication, tmp_path: Path) -> None:
    lines, summary = diff(FIXED, written(tmp_path / "draft", RENAMED))
    assert summary["not_computable"] == 1
    assert "under_1m" in lines[-1]


def test_a_wrong_candidate_or_name_is_refused(judged: AIApplication, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="neither a released version"):
        diff(FIXED, "1999.9")
    with pytest.raises(CommandError, match="max_mitigation"):
        diff(FIXED, written(tmp_path / "draft", {"max_mitigation: 0.85": "max_mitigation: 3"}))


# The switch


def test_a_switch_judges_everything_anew_and_the_old_stays_replayable(
    cast: Cast, judged: AIApplication, second: str
) -> None:
    before = CurrentScore.objects.get()
    assert load_method().version == FIXED  # a new release changes nothing by itself
    promised = diff(FIXED, second)[1]
    methods.switch(actor=cast.ada, version=second, reason="Board decision 12")
    in_force.remember(None)  # what the commit does
    runs.finish(RescoreRun.objects.latest("id"))
    after = CurrentScore.objects.get()
    assert (before.method, after.method) == (FIXED, second)
    assert after.overall_point > before.overall_point
    assert BandChange.objects.filter(application=judged).count() >= promised["band_changes"]
    out = StringIO()
    call_command("verify_scores", "--all", stdout=out)
    assert json.loads(out.getvalue().splitlines()[-1])["different"] == 0
    entry = AuditLogEntry.objects.get(action="method.switched")
    assert (entry.actor, entry.reason, entry.details["before"]) == (cast.ada, "Board decision 12", FIXED)
    today = timezone.localdate()
    ScoreSnapshot.objects.bulk_create(
        [ScoreSnapshot(**{**values, "as_of": today - timedelta(days=3)}) for values in _values(before, judged)]
    )
    found = compare(judged, today - timedelta(days=2), today, today)
    assert found is not None
    assert (found.before.method, found.after.method) == (FIXED, second)
    assert found.changes[0].kind == "method"


@pytest.mark.parametrize("stricter", [RENAMED])
def test_days_across_a_switch_that_drops_an_answer_are_compared(
    cast: Cast, judged: AIApplication, second: str, stricter: dict[str, str]
) -> None:
    today = timezone.localdate()
    before = CurrentScore.objects.get()
    rows = [ScoreSnapshot(**{**one, "as_of": today - timedelta(days=3)}) for one in _values(before, judged)]
    ScoreSnapshot.objects.bulk_create(rows)
    methods.switch(actor=cast.ada, version=second, reason="Decided")
    in_force.remember(None)
    runs.finish(RescoreRun.objects.latest("id"))
    query = {"before": (today - timedelta(days=2)).isoformat()}
    client, address = as_(cast.alice), reverse("risk:compare", args=[judged.pk])
    assert client.get(address, query).status_code == 200  # today it is not computable
    assessments.save_answers(actor=None, application=judged, answers={"scale": "over_1m"})
    answer = client.get(address, query)
    assert answer.status_code == 200
    assert "can no longer be read" in answer.content.decode()
    found = compare(judged, today - timedelta(days=2), today, today)
    assert found is not None
    assert round(sum(one.amount for one in found.changes), 1) == found.total


def _values(score: CurrentScore, application: AIApplication) -> list[dict]:
    snapshot = ScoreSnapshot.objects.filter(application=application, method=score.method).latest("id")
    names = [field.attname for field in ScoreSnapshot._meta.concrete_fields if field.attname != "id"]
    return [{name: getattr(snapshot, name) for name in names}]


def test_a_worker_takes_the_version_that_is_in_force_this_moment(judged: AIApplication, second: str, settings) -> None:
    settings.METHOD_RECHECK_SECONDS = 3600
    assert load_method().version == FIXED
    MethodInForce.objects.create(version=second, reason="By another process")
    assert load_method().version == FIXED  # a page may be behind
    runs.rescore_all()
    assert CurrentScore.objects.get().method == second
    assert load_method().version == second


def test_only_an_administrator_of_the_whole_may_switch_and_must_say_why(cast: Cast, second: str) -> None:
    for person in (cast.alice, cast.bob, cast.carol, cast.dan):
        with pytest.raises(PermissionDenied):
            methods.switch(actor=person, version=second, reason="Because")
        with pytest.raises(PermissionDenied):
            methods.ask(actor=person, before=FIXED, after=second)
    for version, reason in ((second, " "), (FIXED, "Because"), ("1999.9", "Because")):
        with pytest.raises(ValidationError):
            methods.switch(actor=cast.ada, version=version, reason=reason)
    assert MethodInForce.objects.count() == 1


@pytest.mark.django_db
def test_rows_of_methods_in_force_are_only_added() -> None:
    assert MethodInForce.objects.get().version == newest()
    with pytest.raises(DatabaseError, match="Cannot update"):
        MethodInForce.objects.update(version="1999.9")


# The page


def test_the_page_compares_and_switches(cast: Cast, judged: AIApplication, second: str) -> None:
    client, address = as_(cast.ada), reverse("risk:method")
    assert second in client.get(address).content.decode()
    answer = client.post(address, {"act": "compare", "version": second})
    row = MethodComparison.objects.get()
    assert answer["Location"] == reverse("risk:method_comparison", args=[row.pk])
    assert "every 2s" in client.get(answer["Location"]).content.decode()
    assert methods.run_waiting() == 1
    assert methods.run_waiting() == 0
    page = client.get(answer["Location"]).content.decode()
    assert "Card helper" in page
    assert "every 2s" not in page
    assert client.post(address, {"act": "switch", "version": second, "reason": ""}).status_code == 400
    assert client.post(address, {"act": "switch", "version": second, "reason": "Decided"}).status_code == 302
    assert MethodInForce.objects.values_list("version", flat=True).first() == second
    assert "Decided" in client.get(address).content.decode()


def test_with_one_release_there_is_nothing_to_choose(cast: Cast) -> None:
    assert "Only one version is released" in as_(cast.ada).get(reverse("risk:method")).content.decode()
    for person in (cast.alice, cast.dan):
        assert as_(person).get(reverse("risk:method")).status_code == 403
        assert as_(person).post(reverse("risk:method"), {"act": "switch"}).status_code == 403


def test_a_dry_run_that_fails_says_so_and_one_that_died_begins_anew(cast: Cast, second: str, monkeypatch) -> None:
    row = methods.ask(actor=cast.ada, before=FIXED, after=second)
    MethodComparison.objects.update(beat_at=timezone.now())
    assert methods.run_waiting() == 0  # somebody is at it
    MethodComparison.objects.update(beat_at=timezone.now() - timedelta(minutes=10))

    def breaks(*args: object) -> None:
        raise ValueError("out of paper")

    monkeypatch.setattr(methods, "difference", breaks)
    assert methods.run_waiting() == 1
    row.refresh_from_db()
    assert (row.state, row.error) == (RunState.FAILED, "ValueError: out of paper")


def test_a_switch_during_a_recalculation_judges_everything_again(
    cast: Cast, judged: AIApplication, second: str
) -> None:
    runs.start(actor=cast.ada)
    methods.switch(actor=cast.ada, version=second, reason="Decided")
    assert RescoreRun.objects.count() == 1
    assert ChangedApplication.objects.filter(application=judged).exists()
