"""Recalculations in parts: exact counts, stop and go on, parts that fail, and the page of administrators."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from inventory.models import AIApplication, AuditLogEntry, ChangedApplication
from risk.choices import RunState
from risk.models import CurrentScore, DepartmentDay, RescorePart, RescoreRun, ScoreSnapshot
from risk.services import rollups, runs, scores
from tests.builders import make_application
from tests.cast import Cast
from tests.risk.test_pages import HTMX, as_

GRAVE = {"ai_system": True, "union_nexus": True, "exclusion": [], "p_a": True}


@pytest.fixture
def estate(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> list[AIApplication]:
    """Ten applications in parts of three, never judged."""
    monkeypatch.setattr(runs, "PART", 3)
    return [make_application(cast.cards if n % 2 else cast.treasury) for n in range(10)]


def acts() -> list[str]:
    found = AuditLogEntry.objects.filter(action__startswith="recalculation.").order_by("id")
    return [action.removeprefix("recalculation.") for action in found.values_list("action", flat=True)]


def test_everything_is_judged_once_and_counted(cast: Cast, estate: list[AIApplication]) -> None:
    run = runs.start(actor=cast.ada)
    assert (run.parts, run.total, run.percent) == (4, 10, 0)
    told: list[int] = []
    assert runs.finish(run, told.append).changed == 10
    assert sum(told) == run.applications == 10
    assert (run.state, run.parts_done, run.percent) == (RunState.DONE, 4, 100)
    assert run.started_at is not None
    assert run.finished_at is not None
    assert run.asked_at <= run.started_at <= run.finished_at
    assert CurrentScore.objects.count() == ScoreSnapshot.objects.count() == 10
    assert not ChangedApplication.objects.exists()
    assert DepartmentDay.objects.filter(department=cast.root, count=10).exists()
    assert acts() == ["asked"]
    entry = AuditLogEntry.objects.get(action="scores.recalculated")
    assert (entry.details["applications"], entry.details["changed"]) == (10, 10)
    assert runs.rescore_all().changed == 0


def test_whoever_does_the_last_part_closes_the_run(cast: Cast, estate: list[AIApplication]) -> None:
    run = runs.start(actor=None)
    for _ in range(4):
        assert runs.work()
    run.refresh_from_db()
    assert run.state == RunState.DONE


def test_a_department_with_its_sub_tree(cast: Cast, estate: list[AIApplication]) -> None:
    assert runs.rescore_all(cast.retail).applications == 5
    assert CurrentScore.objects.count() == 5


def test_the_same_asked_for_twice_is_one_run(cast: Cast, estate: list[AIApplication]) -> None:
    first = runs.start(actor=cast.ada)
    assert runs.start(actor=None).pk == first.pk
    assert runs.start(actor=None, department=cast.retail).pk != first.pk
    assert RescorePart.objects.filter(run=first).count() == 4


def test_stopped_and_gone_on_with_nothing_is_done_twice(cast: Cast, estate: list[AIApplication]) -> None:
    run = runs.start(actor=cast.ada)
    assert runs.work()
    assert runs.cancel(actor=cast.ada, run=run)
    assert not runs.cancel(actor=cast.ada, run=run)
    assert not runs.work()
    assert CurrentScore.objects.count() == 3
    with pytest.raises(runs.RunError, match="stopped"):
        runs.finish(run)
    assert runs.resume(actor=cast.ada, run=run)
    assert runs.finish(run).applications == 10
    assert ScoreSnapshot.objects.count() == 10
    assert not runs.resume(actor=cast.ada, run=run)
    assert acts() == ["asked", "cancelled", "resumed"]


def test_a_part_that_fails_leaves_all_as_it_was_and_the_run_can_go_on(
    cast: Cast, estate: list[AIApplication], monkeypatch: pytest.MonkeyPatch
) -> None:
    rescore = scores.rescore

    def breaks(ids: list[int]) -> scores.Outcome:
        outcome = rescore(ids)
        if estate[4].pk in ids:
            raise OSError("the disk is full")
        return outcome

    monkeypatch.setattr(scores, "rescore", breaks)
    run = runs.start(actor=cast.ada)
    with pytest.raises(runs.RunError, match="the disk is full"):
        runs.finish(run)
    assert (run.state, run.parts_done, run.applications) == (RunState.FAILED, 3, 7)  # the others had their night
    assert DepartmentDay.objects.filter(department=cast.root, count=7).exists()
    assert not CurrentScore.objects.filter(pk=estate[4].pk).exists()
    monkeypatch.undo()
    assert runs.resume(actor=cast.ada, run=run)
    assert runs.finish(run).applications == 10
    assert CurrentScore.objects.count() == 10


def test_the_night_begins_a_run_again_that_is_still_at_work(cast: Cast, estate: list[AIApplication]) -> None:
    evening = runs.start(actor=cast.ada)
    runs.work()
    night = runs.start(actor=None, nightly=True)
    assert (night.pk, night.nightly, night.parts_done, night.waiting.count()) == (evening.pk, True, 0, 4)
    assert runs.finish(night).applications == 10
    assert AuditLogEntry.objects.get(action="scores.recalculated").reason == "the new day"
    assert runs.start(actor=None, nightly=True).pk != evening.pk


def test_a_run_that_ends_at_that_moment_is_not_joined(
    cast: Cast, estate: list[AIApplication], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = runs.start(actor=cast.ada)
    again = runs._begin_again

    def ends(run: RescoreRun) -> bool:
        RescoreRun.objects.filter(pk=run.pk).update(state=RunState.DONE)
        return again(run)

    monkeypatch.setattr(runs, "_begin_again", ends)
    night = runs.start(actor=None, nightly=True)
    assert (night.pk != first.pk, night.nightly, night.state) == (True, True, RunState.RUNNING)


def test_a_run_that_cannot_be_finished_is_given_up(
    cast: Cast, estate: list[AIApplication], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks() -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(rollups, "roll_up_everything", breaks)
    run = runs.start(actor=None, nightly=True)
    with pytest.raises(runs.RunError, match="departments could not be taken: OSError the disk is full"):
        runs.finish(run)
    assert (run.state, run.applications, acts()) == (RunState.FAILED, 10, ["failed"])
    monkeypatch.undo()
    assert runs.resume(actor=cast.ada, run=run)
    assert runs.finish(run).applications == 10


def test_only_administrators_of_the_organisation(cast: Cast, estate: list[AIApplication]) -> None:
    run = runs.start(actor=None)
    for act in (lambda: runs.start(actor=cast.bob), lambda: runs.cancel(actor=cast.bob, run=run)):
        with pytest.raises(PermissionDenied):
            act()
    assert as_(cast.dan).get(reverse("risk:recalculation")).status_code == 403
    assert as_(cast.bob).post(reverse("risk:cancel_run", args=[run.pk])).status_code == 403


def test_the_page_starts_stops_and_goes_on(cast: Cast, estate: list[AIApplication]) -> None:
    page, client = reverse("risk:recalculation"), as_(cast.ada)
    assert "No recalculation yet" in client.get(page).content.decode()
    client.post(page)
    run = RescoreRun.objects.get()
    assert run.asked_by == cast.ada
    runs.work()
    moving = reverse("risk:run_progress", args=[run.pk])
    answer = client.get(moving, headers=HTMX)
    assert "3 of 10 applications, 25 %" in answer.content.decode()
    assert "HX-Refresh" not in answer.headers
    client.post(reverse("risk:cancel_run", args=[run.pk]))
    assert "Go on" in client.get(page).content.decode()
    client.post(reverse("risk:resume_run", args=[run.pk]))
    runs.finish(run)
    assert client.get(moving, headers=HTMX).headers["HX-Refresh"] == "true"
    shown = client.get(page).content.decode()
    assert "Recalculate everything" in shown
    assert "Done" in shown


def test_the_page_costs_the_same_for_one_run_and_for_thirty(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(30):
        runs.rescore_all()
    client = as_(cast.ada)
    with django_assert_max_num_queries(9):
        client.get(reverse("risk:recalculation"))
