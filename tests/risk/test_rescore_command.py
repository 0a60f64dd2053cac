"""`manage.py rescore`: in this process, with progress on stderr and one JSON line last on stdout."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from inventory.models import AuditLogEntry, ChangedApplication
from risk.models import CurrentScore
from risk.services import assessments, runs
from tests.builders import make_application
from tests.cast import Cast


def rescore(*args: str) -> dict:
    out = StringIO()
    call_command("rescore", *args, stdout=out)
    lines = out.getvalue().strip().splitlines()
    assert len(lines) == 1
    summary = json.loads(lines[0])
    assert list(summary) == ["applications", "changed", "band_changes", "seconds"]
    assert summary.pop("seconds") >= 0
    return summary


def test_without_options_only_what_changed(cast: Cast, capsys) -> None:
    make_application(cast.cards)
    assert rescore() == {"applications": 1, "changed": 1, "band_changes": 0}
    assert rescore() == {"applications": 0, "changed": 0, "band_changes": 0}
    assert "applications" in capsys.readouterr().err


def test_all_and_a_department_with_its_sub_tree(cast: Cast) -> None:
    inside = make_application(cast.cards)
    make_application(cast.treasury)
    rescore()
    ChangedApplication.objects.all().delete()
    assert rescore("--all") == {"applications": 2, "changed": 0, "band_changes": 0}
    grave = {"ai_system": True, "union_nexus": True, "exclusion": [], "p_a": True}
    assessments.save_answers(actor=None, application=inside, answers=grave)
    assert rescore("--department", "treasury") == {"applications": 1, "changed": 0, "band_changes": 0}
    assert rescore("--department", "retail") == {"applications": 1, "changed": 1, "band_changes": 1}
    assert CurrentScore.objects.get(pk=inside.pk).band == "critical"


def test_a_full_recalculation_leaves_one_entry_with_counts(cast: Cast) -> None:
    make_application(cast.cards)
    rescore()
    assert not AuditLogEntry.objects.filter(action="scores.recalculated").exists()  # one change has its own entry
    rescore("--all")
    rescore("--department", "treasury")
    runs.finish(runs.start(actor=None, nightly=True))
    found = AuditLogEntry.objects.filter(action="scores.recalculated").order_by("id")
    assert [(one.details["applications"], one.department, one.reason) for one in found] == [
        (1, None, "asked for"),
        (0, cast.treasury, "asked for"),
        (1, None, "the new day"),
    ]
    assert found[0].details["method"] == "2026.1"


def test_a_department_that_is_not_there(cast: Cast) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        rescore("--department", "nowhere")
