"""The board report: its figures, who sees what, hostile names, the same bytes for the same figures, accessibility."""

import hashlib
import io
import json
import os
import pickle
import re
import subprocess
import sys
import zipfile
import zlib
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.template import engines
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.exports.board import parts, pdf, wording
from governance.models import Export
from governance.selectors import board as selector
from governance.selectors.board import Board, board
from governance.services import board as services
from governance.services.board import tokens
from inventory.charts.base import BAND_EDGES, score
from inventory.models import AIApplication, AuditLogEntry, Department, User
from risk.choices import Band
from risk.method import load_method
from risk.models import BandChange, CurrentScore, DepartmentDay
from risk.services import scores
from tests.builders import make_application, make_department
from tests.cast import Cast
from tests.governance.estate import Estate

HOSTILE = (
    '#panic("no") $x$ *b* @ref [a](b) // \\u{1f600} "json": #import "/etc/passwd" <b>',
    "مرحبا 日本語 😀 \u202e\u0000-free\u200b é\n\n= Heading",
    "W" * 200,
    "#" * 200,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (49.4, "49"),
        (49.5, "49.5"),
        (49.97, "49.9"),
        (50, "50"),
        (50.4, "50"),
        (71.46, "71"),
        (24.6, "24.6"),
        (None, "–"),
    ],
)
def test_no_score_is_shown_in_another_band_than_its_own(value: float | None, shown: str) -> None:
    """One way on pages, in charts, in this report and in mails."""
    assert score(value) == shown
    if value is not None:
        assert load_method().band(float(shown)) == load_method().band(value)
        point = SimpleNamespace(prohibited=False, point=value, low=value, high=value)
        page = engines["django"].from_string("{% load hub %}{{ v|score }} {% band 'low' v %} {% risk_number v 'low' %}")
        assert page.render({"v": value}).count(f">{shown}<") == 2
        assert wording.risk_of(point) == wording.step(value, value).split(" ")[0] == shown  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(49.94, "49.9"), (49.97, "49.97"), (50, "50.0"), (74.96, "74.96"), (24.999, "24.99"), (99.96, "100.0")],
)
def test_nor_with_a_decimal_where_steps_are_small(value: float, shown: str) -> None:
    assert score(value, 1) == shown
    assert engines["django"].from_string("{% load hub %}{{ v|score:1 }}").render({"v": value}) == shown


def test_a_score_is_shown_by_the_edges_of_the_method() -> None:
    assert (0, *BAND_EDGES) == tuple(start for _, start in load_method().bands)


@pytest.mark.parametrize(("low", "high", "shown"), [(25.2, 25.4, "25"), (14, 33, "25 (14–33)")])
def test_a_range_of_one_number_is_that_number(low: float, high: float, shown: str) -> None:
    assert wording.risk_of(SimpleNamespace(prohibited=False, point=25.1, low=low, high=high)) == shown  # type: ignore[arg-type]


def report(user: User | None = None, chosen: Department | None = None) -> Board:
    return board(user, chosen, timezone.localdate())


def named(found: Board) -> list[str]:
    return [page.department.name for page in found.pages]


def contents(data: bytes) -> bytes:
    """A PDF with its streams unpacked, so that its objects can be read."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    found = [data]
    for stream in streams:
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:  # a font, a picture, metadata
            continue
    return b"\n".join(found)


def pages_of(data: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", contents(data)))


# Figures


def test_a_page_a_department_from_the_top(estate: Estate) -> None:
    found = report()
    assert set(named(found)) == {estate.cast.root.name, "Retail Banking", "Cards", "Treasury"}
    assert named(found)[0] == estate.cast.root.name
    assert named(found).index("Cards") == named(found).index("Retail Banking") + 1  # below stands behind
    assert found.silent == 0


def test_its_figures_are_those_of_the_roll_ups(estate: Estate) -> None:
    page = next(one for one in report().pages if one.department == estate.cast.retail)
    row = DepartmentDay.objects.get(department=estate.cast.retail, principle="overall")
    assert (page.risk.index, page.risk.count) == (row.index, row.count)
    assert [one.name for one in page.worst] == ["Credit Scorer", "Letter Summariser"]
    score = CurrentScore.objects.get(application=estate.scorer)
    assert (page.worst[0].low, page.worst[0].point, page.worst[0].high) == (
        score.overall_low,
        score.overall_point,
        score.overall_high,
    )
    assert [one.name for one in page.below] == ["Cards"]
    assert page.below[0].risk.count + page.directly == page.risk.count  # the rows add up
    assert wording.directly(page) == "In the department itself: 1 live"
    cards = next(one for one in report().pages if one.department == estate.cast.cards)
    assert wording.directly(cards) == ""  # nothing below to add up with
    assert page.path == (estate.cast.root.name,)
    assert wording.tiles(page)[1][:2] == ("Live AI applications", "2")


@pytest.mark.parametrize(
    ("change", "decimals", "words"),
    [
        (-4.2, 0, "−4 in 30 days"),
        (1234, 0, "+1,234 in 30 days"),
        (-0.3, 0, "unchanged in 30 days"),
        (0.04, 1, "unchanged in 30 days"),
        (None, 0, "no figure 30 days ago"),
    ],
)
def test_a_change_is_told_with_a_real_minus(change: float | None, decimals: int, words: str) -> None:
    assert wording.moved(change, decimals) == words


def test_next_best_actions_promise_what_the_judge_gives(estate: Estate) -> None:
    page = report().pages[0]
    assert page.actions
    now = CurrentScore.objects.get(application=estate.scorer).overall_point
    assert all(one.application == "Credit Scorer" and one.now == pytest.approx(now) for one in page.actions)
    assert all(one.then < one.now for one in page.actions)
    assert [one.then for one in page.actions] == sorted(one.then for one in page.actions)


def test_changes_of_band_count_where_the_application_stands(estate: Estate) -> None:
    today = timezone.localdate()

    def moved(application: AIApplication, before: Band, after: Band, days_ago: int) -> None:
        BandChange.objects.create(
            application=application,
            day=today - timedelta(days=days_ago),
            changed_at=timezone.now(),
            before=before,
            after=after,
            point_before=40,
            point_after=60,
        )

    moved(estate.scorer, Band.LOW, Band.CRITICAL, 1)
    moved(estate.summariser, Band.HIGH, Band.LOW, 29)
    moved(estate.summariser, Band.LOW, Band.HIGH, 30)  # no longer within the last 30 days
    found = {page.department.key: page for page in report().pages}
    assert {key: (page.risen, page.fallen) for key, page in found.items()} == {
        "organisation": (1, 1),
        "retail": (1, 1),
        "cards": (1, 0),
        "treasury": (0, 0),
    }
    assert [one.name for one in found["retail"].moves] == ["Credit Scorer", "Letter Summariser"]


def test_queries_do_not_grow_with_departments(estate: Estate) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert report().pages
        return len(seen)

    before = queries()
    for number in range(9):
        make_application(make_department(f"Branch {number}", estate.cast.retail))
    scores.rescore_changed()
    assert queries() == before


def test_every_department_has_its_page_whatever_is_read_at_once(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_department("Quiet")
    whole = report()
    monkeypatch.setattr(selector, "AT_ONCE", 1)
    found = report()
    assert found == whole
    assert (len(found.pages), found.silent) == (4, 1)
    assert selector.pages_of(None, None, timezone.localdate()) == 4


def test_a_large_report_comes_in_parts(estate: Estate, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "A_PART", 3)
    monkeypatch.setitem(services._MOST, "pdf", 3)
    monkeypatch.setitem(services._MOST, "html", 3)
    client.force_login(estate.cast.dan)
    assert "in 2 parts in one ZIP file" in client.get("/exports/").content.decode()
    response = client.get("/exports/board/?format=pdf")
    assert (response.headers["Content-Type"], response.streaming) == ("application/zip", True)
    content = b"".join(response)  # type: ignore[arg-type]
    export = Export.objects.get()
    assert (export.format, export.rows, export.sha256) == ("zip", 4, hashlib.sha256(content).hexdigest())
    assert export.finished_at
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        contents, *files = archive.namelist()
        assert [pages_of(archive.read(name)) for name in files] == [3 + 1, 1 + 1]
        listed = archive.read(contents).decode()
    assert [name for name in files if name in listed] == files
    assert f"page   1  {estate.cast.root.name}\n" in listed
    assert "Retail Banking / Cards" in listed
    assert b"".join(parts.encode(report(), tokens())) == content  # a part a time, and the same bytes again
    small = client.get("/exports/board/?format=pdf&department=retail")
    assert small.headers["Content-Type"] == "application/pdf"
    refused = client.get("/exports/board/?format=html")
    assert refused.status_code == 400
    assert "4 departments have a page, and one HTML file holds 3." in refused.content.decode()
    with pytest.raises(CommandError, match="as PDF in 2 parts"):
        call_command("export", "board", "--out", "-")
    assert Export.objects.count() == 2


# Access


def test_everyone_gets_only_their_own_departments(estate: Estate, client: Client) -> None:
    cast = estate.cast
    for person in (cast.alice, cast.bob, cast.carol):
        found = report(person)
        assert named(found) == ["Retail Banking", "Cards"]
        assert found.pages[0].path == ()  # not even the name of what lies above
        assert not found.whole  # nor its figures
    assert named(report(cast.eve)) == ["Treasury"]
    assert len(report(cast.dan).pages) == 4
    assert named(report(cast.dan, cast.cards)) == ["Cards"]
    client.force_login(cast.eve)
    assert client.get("/exports/board/?department=retail").status_code == 404
    assert client.get("/exports/board/?format=doc").status_code == 400
    assert client.post("/exports/board/").status_code == 405
    assert not Export.objects.exists()


# The files


ENCODE = """import pickle, sys
import django
django.setup()
from governance.exports.board import pdf
found, colours = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(pdf.encode(found, colours))"""


def test_the_same_figures_give_the_same_bytes(estate: Estate) -> None:
    """Another process, which orders sets otherwise, speaks another language and lives elsewhere, makes the same."""
    made = pdf.encode(report(), tokens())
    elsewhere = {"PYTHONHASHSEED": "7", "LANG": "de_DE.UTF-8", "LC_ALL": "C", "TZ": "Pacific/Apia"}
    given = pickle.dumps((report(), tokens()))
    again = subprocess.run(
        [sys.executable, "-c", ENCODE], input=given, capture_output=True, check=True, env={**os.environ, **elsewhere}
    )
    assert again.stdout == made


def test_the_pdf_is_tagged(estate: Estate) -> None:
    found = contents(pdf.encode(report(), tokens()))
    assert b"pdfuaid:part>1<" in found
    assert re.search(rb"/MarkInfo\s*<<[^>]*/Marked true", found)
    assert re.search(rb"/Lang\s*\(en-GB\)", found)
    assert re.search(rb"/DisplayDocTitle true", found)
    figures = len(re.findall(rb"/S\s*/Figure\b", found))
    assert figures >= 4 * 3
    assert len(re.findall(rb"/Alt\s*[(<]", found)) >= figures  # each picture is told in words
    for tag in (b"H1", b"H2", b"Table", b"TH", b"TD"):
        assert re.search(rb"/S\s*/" + tag + rb"\b", found), tag


def test_a_gap_is_told_by_more_than_its_colour(estate: Estate) -> None:
    assert re.search(rb"/PatternType 1\b", contents(pdf.encode(report(), tokens())))


def test_hostile_names_stay_text_and_a_page_stays_a_page(cast: Cast) -> None:
    for number, name in enumerate(HOSTILE):
        name = name.replace("\u0000", "")
        department = make_department(name, cast.retail, key=f"hostile-{number}")
        for _ in range(6):
            make_application(department, name)
    scores.rescore_changed()
    found = report()
    data = pdf.encode(found, tokens())
    assert len(found.pages) == 2 + len(HOSTILE)
    assert pages_of(data) == len(found.pages) + 1  # and what is said about the report


def test_an_empty_report_says_so(cast: Cast) -> None:
    found = report()
    assert not found.pages
    assert pdf.encode(found, tokens()).startswith(b"%PDF-")


def test_the_command_and_the_page_give_the_same_file(estate: Estate, client: Client, tmp_path: Path) -> None:
    out, said = tmp_path / "board.pdf", StringIO()
    call_command("export", "board", "--out", str(out), "--department", "retail", stdout=said)
    summary = json.loads(said.getvalue())
    assert (summary["dataset"], summary["rows"]) == ("board", 2)
    client.force_login(estate.cast.carol)
    response = client.get("/exports/board/?department=retail&format=pdf")
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="board-retail-')
    digest = hashlib.sha256(response.content).hexdigest()
    assert summary["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    export = Export.objects.get(made_by=estate.cast.carol)
    assert (export.dataset, export.format, export.rows, export.sha256) == ("board", "pdf", 2, digest)
    entry = AuditLogEntry.objects.get(action="export.made", actor=estate.cast.carol)
    assert (entry.details["sha256"], entry.department) == (digest, estate.cast.retail)


def test_the_command_says_what_is_wrong(estate: Estate, tmp_path: Path) -> None:
    out = tmp_path / "x.pdf"
    with pytest.raises(CommandError, match="not written as csv, but as pdf"):
        call_command("export", "board", "--format", "csv", "--out", str(out))
    with pytest.raises(CommandError, match="not written as pdf, but as csv"):
        call_command("export", "usage", "--format", "pdf", "--out", str(out))
    with pytest.raises(CommandError, match="before the first figures"):
        call_command("export", "board", "--out", str(out), "--as-of", "2020-01-01")
    assert not out.exists()
