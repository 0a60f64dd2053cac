"""Several workers and people at once, on real connections."""

import subprocess
import sys
import time
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from inventory.models import ChangedApplication
from risk.models import ChangedDepartment, CurrentScore, DepartmentDay, ScoreSnapshot
from risk.scoring.what_if import Changes
from risk.selectors.cases import judge_now
from risk.services import assessments, rollups, runs, scores, tasks
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.register.test_races import at_once
from tests.risk.test_rollups import assert_coverage_agrees, assert_figures_agree

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_workers_share_a_burst_and_judge_each_once(cast: Cast, monkeypatch) -> None:
    monkeypatch.setattr(scores, "CLAIM", 5)
    for _ in range(40):
        make_application(cast.cards)
    outcomes = at_once(*[scores.rescore_changed] * 2)
    assert sum(one.applications for one in outcomes) == 40
    assert CurrentScore.objects.count() == ScoreSnapshot.objects.count() == 40
    assert not ChangedApplication.objects.exists()
    assert not ChangedDepartment.objects.exists()
    assert_figures_agree([cast.root, cast.retail, cast.cards])
    assert_coverage_agrees([cast.root, cast.retail, cast.cards])


def test_two_people_plan_the_same_at_once_and_one_task_is_made(cast: Cast, monkeypatch) -> None:
    application = make_application(cast.cards)
    scores.rescore_changed()
    judgement, changes = judge_now(application, timezone.localdate()), Changes(controls={"GV-01": "verified"})
    draft = tasks.tried

    def slow(*args: Any) -> Any:
        time.sleep(0.3)  # between looking for an open task and making one
        return draft(*args)

    monkeypatch.setattr(tasks, "tried", slow)
    given = {"actor": None, "application": application, "judgement": judgement, "changes": changes}
    results = at_once(*[lambda: tasks.plan(**given)] * 2)
    assert sorted(len(one) for one in results) == [0, 1]


def test_a_change_during_a_recalculation_is_not_lost(cast: Cast, monkeypatch) -> None:
    application = make_application(cast.cards)
    judging, changed = Barrier(2), Barrier(2)
    load = scores.chunks.read

    def slow(*args: Any, **kwargs: Any) -> Any:
        found = load(*args, **kwargs)
        judging.wait(10)
        changed.wait(10)
        return found

    def answer() -> None:
        judging.wait(10)
        writer = Thread(target=save)
        writer.start()  # waits for the worker's lock on the queue row, so it must not hold up this thread
        changed.wait(10)
        writer.join(10)

    def save() -> None:
        try:
            assessments.save_answers(actor=None, application=application, answers={"consequence": "none"})
        finally:
            connection.close()

    with monkeypatch.context() as patch:
        patch.setattr(scores.chunks, "read", slow)
        results = at_once(lambda: scores._next_chunk(scores.Outcome()), answer)
    assert not [one for one in results if isinstance(one, Exception)]
    before = CurrentScore.objects.get(pk=application.pk).overall_point
    assert ChangedApplication.objects.filter(application=application).exists()
    scores.rescore_changed()
    assert CurrentScore.objects.get(pk=application.pk).overall_point < before


def test_a_full_recalculation_beside_workers(cast: Cast, monkeypatch) -> None:
    monkeypatch.setattr(runs, "PART", 7)
    monkeypatch.setattr(scores, "CLAIM", 3)
    for _ in range(30):
        make_application(cast.cards)
    results = at_once(runs.rescore_all, scores.rescore_changed, scores.rescore_changed)
    assert not [one for one in results if isinstance(one, Exception)], results
    assert results[0].applications == 30
    assert CurrentScore.objects.count() == ScoreSnapshot.objects.count() == 30


_WORKER = """
import sys, time, django
django.setup()
from django.db import connection
from risk.services import runs, scores
connection.settings_dict["NAME"] = sys.argv[1]
rescore = scores.rescore
def stays(ids):
    outcome = rescore(ids)
    print(len(ids), flush=True)
    time.sleep(60)
    return outcome
scores.rescore = stays
runs.work()
"""


def test_a_worker_killed_in_a_part_loses_nothing(cast: Cast, monkeypatch) -> None:
    monkeypatch.setattr(runs, "PART", 3)
    for _ in range(4):
        make_application(cast.cards)
    run = runs.start(actor=None)
    command = [sys.executable, "-c", _WORKER, str(connection.settings_dict["NAME"])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "3\n"
        worker.kill()  # SIGKILL: it can't clear up
    assert CurrentScore.objects.count() == 0
    assert runs.finish(run).applications == 4
    assert (run.parts_done, CurrentScore.objects.count(), ScoreSnapshot.objects.count()) == (2, 4, 4)
    assert not ChangedApplication.objects.exists()


def test_two_roll_ups_at_once(cast: Cast) -> None:
    for _ in range(5):
        make_application(cast.cards)
    scores.rescore_changed()
    DepartmentDay.objects.all().delete()
    results = at_once(*[rollups.roll_up_everything] * 3)
    assert not [one for one in results if isinstance(one, Exception)], results
    assert_figures_agree([cast.root, cast.retail, cast.cards])


def test_a_change_is_judged_while_another_worker_takes_figures(cast: Cast, monkeypatch) -> None:
    """Who finds a roll-up going on leaves its departments to it, and they are in the figures when it ends."""
    first, second = make_application(cast.cards), make_application(cast.treasury)
    assessments.save_answers(actor=None, application=second, answers={"consequence": "none"})
    ChangedApplication.objects.filter(application=second).delete()
    estate = rollups._estate
    judged: list[Any] = []

    def change() -> Any:
        ChangedApplication.objects.mark([second.pk])
        return scores.rescore_changed()

    def meanwhile(parents: Any) -> Any:
        """The moment after the figures' inputs were read: what is judged now is not in them."""
        found = estate(parents)
        if not judged:
            judged.append(second)
            [outcome] = at_once(change)
            assert outcome.applications == 1
            assert CurrentScore.objects.filter(application=second).exists()
            assert not DepartmentDay.objects.filter(department=cast.treasury).exists()
        return found

    monkeypatch.setattr(rollups, "_estate", meanwhile)
    scores.rescore_changed()
    assert CurrentScore.objects.filter(application=first).exists()
    assert not ChangedDepartment.objects.exists()
    assert_figures_agree([cast.root, cast.retail, cast.cards, cast.treasury])


def test_contradicting_answers_at_once_leave_one_consistent_set(cast: Cast) -> None:
    application = make_application(cast.cards)
    results = at_once(
        lambda: assessments.save_answers(actor=None, application=application, answers={"app.generative": False}),
        lambda: assessments.save_answers(actor=None, application=application, answers={"app.agentic": True}),
    )
    assert len([one for one in results if isinstance(one, Exception)]) == 1
    assert application.answers.count() == 1


def test_an_answer_reaches_the_score_through_a_real_worker(cast: Cast, celery_worker: None) -> None:
    application = make_application(cast.cards)
    assessments.save_answers(actor=cast.alice, application=application, answers={"consequence": "none"})
    until = time.monotonic() + 60
    while (
        time.monotonic() < until and not CurrentScore.objects.filter(pk=application.pk, questions_answered=1).exists()
    ):
        time.sleep(0.05)
    assert CurrentScore.objects.get(pk=application.pk).questions_answered == 1
