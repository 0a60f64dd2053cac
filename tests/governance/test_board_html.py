"""The board report as an interactive file: the figures of the PDF, the same bytes, hostile names, nothing from
elsewhere."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from governance.exports import html as standing
from governance.exports.board import html, pdf, wording
from governance.models import Export
from governance.selectors.board import Board, board
from governance.services.board import tokens
from inventory.models import AuditLogEntry
from risk.choices import Band
from risk.services import scores
from tests.builders import make_application, make_department
from tests.cast import Cast
from tests.governance.estate import Estate
from tests.governance.test_board import HOSTILE

SCRIPTING = "</script><script>alert(1)</script><img src=//elsewhere.example/x onerror=alert(1)>\" style='x"


def report() -> Board:
    return board(None, None, timezone.localdate())


def written(found: Board) -> str:
    return b"".join(html.encode(found)).decode()


def body(page: str) -> str:
    """What the report says, without the style sheets before it and the chart library behind it."""
    return page.partition("<body>")[2].partition("<script>")[0]


def sections(page: str) -> list[str]:
    return re.split(r'(?=<section id="department-)', body(page))[1:]


def text(markup: str) -> str:
    without = re.sub(r"<script.*?</script>", "", markup, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", without)).split())


def figure(section: str, name: str) -> dict[str, Any]:
    found = re.search(
        rf'<script id="chart-department-\d+-{name}-figure" type="application/json">(.*?)</script>', section
    )
    assert found
    return json.loads(found[1])


def test_it_shows_the_figures_of_the_pdf_in_its_order(estate: Estate) -> None:
    found = report()
    printed = pdf.plain(found, tokens())["pages"]
    shown = sections(written(found))
    assert len(shown) == len(printed) == 4
    for section, page in zip(shown, printed, strict=True):
        words = text(section)
        assert page["name"] in words
        at = 0
        said = [part for tile in page["tiles"] for part in tile]
        said += [page["profile_alt"], page["course_alt"]]
        said += [str(part) for row in page["worst"] for part in row[:3]]
        said += [page["moves_words"], page["actions_of"], *(part for row in page["actions"] for part in row)]
        for part in said:
            at = words.index(" ".join(str(part).split()), at)
        rows = [(row["name"], row["coverage"], row["gaps"]) for row in page["coverage"]]
        assert all(re.search(rf"{re.escape(name)} {cover} .*{gaps}", words) for name, cover, gaps in rows)


def test_its_charts_draw_the_figures_of_the_pdf(estate: Estate) -> None:
    found = report()
    for section, page in zip(sections(written(found)), pdf.plain(found, tokens())["pages"], strict=True):
        bars = {trace["name"]: trace["x"] for trace in figure(section, "bands")["data"]}
        assert bars == {band.label: [row["counts"][band.value] for row in page["bands"]] for band in Band}
        profile = figure(section, "profile")["data"]
        assert profile[0]["x"] == [value or 0 for _, value, *_ in page["profile"]]
        assert len(profile) == (2 if page["whole"] else 1)
        index, worst, mean = figure(section, "course")["data"][:3]
        assert list(zip(index["y"], worst["y"], mean["y"], strict=True)) == [
            tuple(figures) for _, *figures in page["course"]["days"]
        ]
        drawn = {name: iter(_shares(section, name)) for name in ("compliance", "voluntary")}
        for row in page["coverage"]:
            states = list(row["states"].values())
            if sum(states):
                shares = next(drawn["compliance" if row["binding"] else "voluntary"])
                assert shares == pytest.approx([100 * n / sum(states) for n in states])


def _shares(section: str, name: str) -> list[tuple[float, ...]]:
    """Of each framework of a chart its states."""
    return list(zip(*(trace["x"] for trace in figure(section, name)["data"]), strict=True))


def test_the_contents_lead_to_each_department(estate: Estate) -> None:
    page = written(report())
    contents = page[page.index('<ol class="file-contents">') : page.index("</ol>")]
    leads = re.findall(r'class="depth-(\d)"><a href="#(department-\d)">([^<]+)</a>', contents)
    assert [(int(depth), name) for depth, _, name in leads] == [
        (len(one.path), one.department.name) for one in report().pages
    ]
    assert all(page.count(f'id="{anchor}"') == 1 for _, anchor, _ in leads)
    assert '<html lang="en"' in page
    assert f"<title>{wording.title(report())}</title>" in page
    assert all(page.count(f"<{mark}") == 1 for mark in ("main ", "nav ", "h1>"))
    assert all(text(note) in text(page) for note in wording.notes(report()))


def test_the_same_figures_give_the_same_bytes(estate: Estate) -> None:
    first = written(report())
    standing._surroundings.cache_clear()
    assert written(report()) == first


class Strict(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_hostile_names_stay_text(cast: Cast) -> None:
    for number, given in enumerate([*HOSTILE, SCRIPTING]):
        name = given.replace("\u0000", "")[:200]
        department = make_department(name, cast.retail, key=f"hostile-{number}")
        for _ in range(2):
            make_application(department, name)
    scores.rescore_changed()
    found = report()
    page = body(written(found))
    assert len(sections(written(found))) == len(found.pages)
    read = Strict()
    read.feed(page)
    assert not read.tags & {"img", "b", "style", "iframe", "link", "base", "form"}
    assert not read.attributes & {"onerror", "style", "src", "onload"}
    assert page.count("<script") == page.count("</script>") == page.count('type="application/json"')
    assert unescape(page).count(SCRIPTING) >= 5  # whole, and where it belongs


def test_it_asks_nobody_for_anything(estate: Estate) -> None:
    page = written(report())
    library = page.index("/**\n* plotly.js")
    own = page[:library] + page[page.index("</script>", library) :]
    assert "http:" not in own
    assert "https:" not in own
    assert not re.search(r"""\b(src|action|srcset)\s*=\s*["']?|@import|url\((?!"data:)""", body(page))
    assert not re.search(r"""@import|url\((?!"data:)""", own)
    assert set(re.findall(r'href="([^"]*)"', body(page))) == {
        *(f"#department-{number}" for number in range(1, 5)),
        "#content",
        "#about",
    }


def test_the_policy_allows_what_is_in_it_and_nothing_else(estate: Estate) -> None:
    page = written(report())
    found = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    assert found
    policy = dict(one.strip().split(" ", 1) for one in found[1].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in found[1]
    for directive, pattern in (
        ("script-src", r'<script(?: type="module")?>(.*?)</script>'),
        ("style-src", r"<style[^>]*>(.*?)</style>"),
    ):
        hashes = [
            f"'sha256-{b64encode(sha256(one.encode()).digest()).decode()}'"
            for one in re.findall(pattern, page, re.DOTALL)
        ]
        assert len(hashes) == 3
        assert policy[directive].split() == hashes


def test_an_empty_report_says_so(cast: Cast) -> None:
    assert "there is nothing to report" in written(report())


def test_the_command_and_the_page_give_the_file(estate: Estate, client: Client, tmp_path: Path) -> None:
    out = tmp_path / "board.html"
    call_command("export", "board", "--format", "html", "--out", str(out), "--department", "treasury")
    client.force_login(estate.cast.dan)
    assert 'name="format" value="html"' in client.get("/exports/").content.decode()
    response = client.get("/exports/board/?department=treasury&format=html")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Disposition"].endswith('.html"')
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert response.content == out.read_bytes()
    export = Export.objects.get(made_by=estate.cast.dan)
    assert (export.dataset, export.format, export.rows) == ("board", "html", 1)
    entry = AuditLogEntry.objects.get(action="export.made", actor=estate.cast.dan)
    assert entry.details["sha256"] == sha256(response.content).hexdigest()


def test_nobody_gets_more_than_their_departments(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.eve)
    assert client.get("/exports/board/?department=retail&format=html").status_code == 404
    page = client.get("/exports/board/?format=html").content.decode()
    assert "Credit Scorer" not in page
    assert len(sections(page)) == 1
