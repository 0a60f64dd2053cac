"""The board report as of a past day: figures and rows of then, rights of today, the same bytes each time."""

from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.models import Export
from governance.selectors.board import Board, board
from inventory.models import AIApplication, Department
from risk.models import BandChange, DepartmentDay, MethodInForce
from risk.selectors.next_steps import next_steps
from risk.selectors.replay import judged_again
from tests.governance.estate import Estate
from tests.governance.test_applications_then import FIRST, SECOND, TODAY, dan
from tests.governance.then import judged, noon, stood

__all__ = ["dan"]


def of(estate: Estate, day: date, who: str = "dan") -> Board:
    return board(getattr(estate.cast, who), estate.cast.retail, day)


def moved(application: AIApplication, day: date) -> None:
    BandChange.objects.create(
        application=application,
        day=day,
        changed_at=noon(day),
        before="low",
        after="critical",
        point_before=12.5,
        point_after=88,
    )


@pytest.mark.usefixtures("dan")
def test_worst_applications_and_changes_are_those_of_then(estate: Estate) -> None:
    moved(estate.scorer, SECOND - timedelta(days=3))
    moved(estate.scorer, SECOND + timedelta(days=3))
    (page,) = of(estate, FIRST).pages  # the summariser was an idea, and nothing lay in Cards
    assert (page.department, page.risk.count, page.risen, page.moves) == (estate.cast.retail, 1, 0, [])
    assert [(one.name, one.department, one.point, one.band) for one in page.worst] == [
        ("Scorer of old", "Retail Banking", 12.5, "low")
    ]
    late = of(estate, SECOND)
    page = late.pages[0]
    assert [(one.name, one.point, one.band) for one in page.worst] == [
        ("Scorer of late", 88.0, "critical"),
        (estate.summariser.name, 30.0, "moderate"),
    ]
    assert [(one.name, one.day) for one in page.moves] == [("Scorer of late", SECOND - timedelta(days=3))]
    assert (page.risen, page.fallen) == (1, 0)
    assert (late.past, of(estate, TODAY).past) == (True, False)


@pytest.mark.usefixtures("dan")
def test_what_would_have_helped_is_what_the_judgement_of_then_says(estate: Estate) -> None:
    newest = estate.scorer.snapshots.latest("as_of", "id")
    day = SECOND + timedelta(days=2)
    stored = judged(estate.scorer, day, newest.overall_point, newest.band)
    actions = of(estate, day).pages[0].actions
    best = [one for one in next_steps(judged_again(stored)[0]) if hasattr(one, "title") and one.best < one.now]
    assert [(one.text, one.now, one.then) for one in actions] == [(one.title, one.now, one.best) for one in best[:3]]
    assert actions
    assert {one.application for one in actions} == {"Scorer of late"}


@pytest.mark.usefixtures("dan")
def test_nothing_is_named_that_has_moved_out_of_sight(estate: Estate) -> None:
    moved(estate.scorer, SECOND - timedelta(days=3))
    AIApplication.objects.filter(pk=estate.scorer.pk).update(department=estate.cast.treasury)
    page = of(estate, SECOND, "carol").pages[0]
    assert [one.name for one in page.worst] == [estate.summariser.name]
    assert (page.moves, page.risen) == ([], 0)
    assert "Scorer of late" in [one.name for one in of(estate, SECOND).pages[0].worst]
    assert board(estate.cast.eve, None, SECOND).pages == []


@pytest.mark.usefixtures("dan")
def test_it_names_the_method_of_then(estate: Estate) -> None:
    for version, since in (("2026.1", FIRST), ("2026.2-draft", SECOND + timedelta(days=1))):
        MethodInForce.objects.create(version=version, since=noon(since), reason="A test.")
    assert of(estate, SECOND).method == "2026.1"


def test_page_and_command_give_the_same_bytes_and_say_which_day(dan: Client, tmp_path: Path) -> None:
    for form in ("pdf", "html"):
        address = f"/exports/board/?department=retail&format={form}&as_of={SECOND}"
        first, second = dan.get(address), dan.get(address)
        assert (first.status_code, first.content == second.content) == (200, True)
        assert f"board-retail-{SECOND}" in first.headers["Content-Disposition"]
        out = tmp_path / f"board.{form}"
        options = ("--department", "retail", "--format", form, "--as-of", SECOND.isoformat())
        call_command("export", "board", "--out", str(out), *options, stdout=StringIO())
        assert out.read_bytes() == first.content
        assert Export.objects.latest("pk").as_of == SECOND
    body = first.content.decode()
    assert "As it stood at the end of that day" in body
    assert f"{SECOND:%-d %B %Y}" in body
    assert "Scorer of late" in body
    assert "As it stood" not in dan.get("/exports/board/?department=retail&format=html").content.decode()


def test_a_day_that_is_not_kept_is_refused(dan: Client, tmp_path: Path) -> None:
    for day, why in ((FIRST - timedelta(days=1), "before the first figures"), (TODAY + timedelta(days=1), "ahead")):
        answer = dan.get(f"/exports/board/?as_of={day}")
        assert (answer.status_code, why in answer.content.decode()) == (400, True)
        with pytest.raises(CommandError, match=why):
            call_command("export", "board", "--out", str(tmp_path / "x.pdf"), "--as-of", day.isoformat())
    assert dan.get("/exports/board/?as_of=yesterday").status_code == 400
    assert not Export.objects.exists()


@pytest.mark.usefixtures("dan")
def test_as_many_queries_for_one_department_as_for_thirty(estate: Estate) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert of(estate, SECOND).pages
        return len(queries)

    cost()
    few = cost()
    row = DepartmentDay.objects.filter(department=estate.cast.retail, day=FIRST, principle="overall")[0]
    for n in range(30):
        below = Department.objects.create(name=f"Below {n}", key=f"below{n}", parent=estate.cast.retail)
        row.pk, row.department = None, below
        row.save()
        stood(estate.scorer, SECOND, department_id=below.pk)
    assert len(of(estate, SECOND).pages) > 30
    assert cost() == few
