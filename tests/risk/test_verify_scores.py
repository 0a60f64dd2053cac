"""Stored scores can be made again, and whoever changed one is found out."""

import json
from io import StringIO

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from inventory.models import AIApplication, DailyUsage
from risk.method import load_method
from risk.models import ScoreSnapshot
from risk.scoring.case import digest
from risk.services import assessments, scores
from tests.builders import make_application
from tests.cast import Cast


def verify(*options: str) -> tuple[list[str], dict, bool]:
    """(lines before the summary, summary, whether the command failed)."""
    out, failed = StringIO(), False
    try:
        call_command("verify_scores", *options, stdout=out)
    except CommandError:
        failed = True
    *lines, summary = out.getvalue().splitlines()
    return lines, json.loads(summary), failed


def tamper(snapshot: ScoreSnapshot, **values: object) -> None:
    """Change a stored row as somebody with the database's password would."""
    with pgtrigger.ignore("risk.ScoreSnapshot:append_only"):
        ScoreSnapshot.objects.filter(pk=snapshot.pk).update(**values)


@pytest.fixture
def history(cast: Cast, application: AIApplication) -> AIApplication:
    """An application with two snapshots, use among the inputs of the newer one; another with one."""
    DailyUsage.objects.create(
        application=application, day=timezone.localdate(), interactions=200, users=3, sensitive=1, jailbreak=2,
        injection=0, attacks=2,
    )  # fmt: skip
    assessments.save_answers(
        actor=cast.alice, application=application, answers={"scale": "under_10k", "annex_iii": ["5b"]}
    )
    make_application(cast.cards, "Another")
    scores.rescore_changed()
    return application


def test_what_was_stored_is_made_again(history: AIApplication) -> None:
    lines, summary, failed = verify()
    assert (lines, failed) == ([], False)
    assert (summary["snapshots"], summary["same"], summary["different"]) == (2, 2, 0)
    assert list(summary) == ["snapshots", "same", "different", "seconds"]
    assert verify("--all")[1]["snapshots"] == 3


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("overall_point", 12.5),
        ("fairness_inherent", 0.0),
        ("band", "low"),
        ("digest", "0" * 64),
        ("eu_class", "minimal"),
    ],
)
def test_a_changed_figure_is_found(history: AIApplication, column: str, value: object) -> None:
    newest = ScoreSnapshot.objects.filter(application=history).latest("id")
    tamper(newest, **{column: value})
    lines, summary, failed = verify()
    assert failed
    assert summary["different"] == 1
    assert f"{column}: stored {value}" in lines[0]
    assert history.external_id in lines[0]


def test_a_changed_answer_is_found_even_with_the_figures_made_to_fit(history: AIApplication) -> None:
    newest = ScoreSnapshot.objects.filter(application=history).latest("id")
    changed = {**newest.plain, "answers": {**newest.plain["answers"], "scale": "over_1m"}}
    tamper(newest, inputs=changed, digest=digest(changed, load_method(newest.method)))
    assert "overall_point" in verify()[0][0]


@pytest.mark.parametrize(("part", "value"), [("usage", [200, 0, 150]), ("held", [99.0, {"fairness": 99.0}, ["GV-01"]])])
def test_what_stands_beside_the_digest_is_verified_too(history: AIApplication, part: str, value: list) -> None:
    newest = ScoreSnapshot.objects.filter(application=history).latest("id")
    tamper(newest, moving={**(newest.moving or {}), part: value})
    lines, _, failed = verify()
    assert failed
    assert "digest" not in lines[0]
    assert "overall_point" in lines[0]


def test_an_older_one_is_looked_at_only_with_all(history: AIApplication) -> None:
    tamper(ScoreSnapshot.objects.filter(application=history).earliest("id"), overall_low=-1.0)
    assert not verify()[2]
    assert verify("--all")[2]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "1999.9"}, "method 1999.9 cannot be used"),
        ({"inputs": {"answers": {"scale": "a billion"}}}, "inputs cannot be read"),
        ({"inputs": {"controls": {"GV-01": ["attested"]}}}, "inputs cannot be read"),
    ],
)
def test_what_cannot_be_made_again_is_an_error_line_and_no_crash(
    history: AIApplication, changes: dict, words: str
) -> None:
    tamper(ScoreSnapshot.objects.filter(application=history).latest("id"), **changes)
    lines, summary, failed = verify()
    assert failed
    assert words in lines[0]
    assert (summary["same"], summary["different"]) == (1, 1)


def test_many_are_read_as_a_stream(history: AIApplication, django_assert_num_queries) -> None:
    with django_assert_num_queries(3):  # savepoint, cursor, release
        verify("--all")
