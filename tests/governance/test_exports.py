"""Exports: formats, figures, access, and the note that each leaves."""

import codecs
import csv
import hashlib
import json
import os
import re
import stat
from collections.abc import Generator, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from governance.exports import csv as csv_format
from governance.exports import json as json_format
from governance.exports.formats import FORMATS
from governance.models import Export
from governance.selectors.datasets import DATASETS
from governance.selectors.extent import Column, Dataset, Extent, figures, texts, truths
from governance.services import exports
from inventory.models import AuditLogEntry, User
from risk.choices import Principle
from risk.models import ApplicationCoverage, CurrentScore, DepartmentDay
from risk.services import scores
from tests.builders import make_application
from tests.cast import Cast
from tests.governance.estate import Estate

COLUMNS = {
    "applications": (
        "external_id, name, purpose, kind, origin, vendor, department, department_key, lifecycle, owner, deputy, "
        "eu_class, eu_articles, overall, low, high, band, fairness, reliability_safety, privacy_security, "
        "inclusiveness, transparency, accountability, next_review, identifiers, registered, updated"
    ),
    "scores": "external_id, name, department, principle, inherent, low, point, high, band, method, as_of",
    "department_scores": (
        "department, department_key, parent_key, principle, index, worst, tail, mean, band, critical_share, "
        "high_share, count, as_of"
    ),
    "compliance": (
        "framework, version, requirement, title, binding, application, department, state, fulfilment, controls, due, "
        "obligation_from"
    ),
    "evidence": (
        "external_id, name, department, control, kind, title, file, link, sha256, issued, valid_until, state, "
        "added_by, added, withdrawn_by, withdrawn_why, withdrawn"
    ),
    "recommendations": (
        "rule, title, department, department_key, severity, state, since, rows, amount, unit, departments, owner, "
        "reason, until"
    ),
    "usage": "application, department, day, interactions, users, sensitive, jailbreak, injection",
}


def exported(tmp_path: Path, dataset: str, *options: str) -> list[dict]:
    """The rows of a dataset as the command writes them to JSON."""
    out = tmp_path / "out.json"
    call_command("export", dataset, "--format", "json", "--out", str(out), *options, stdout=StringIO())
    return json.loads(out.read_bytes())


def csv_rows(data: bytes) -> list[dict[str, str]]:
    """Rows as a CSV reader sees them; the mark at the start and every line end are checked on the way."""
    assert data.startswith(codecs.BOM_UTF8)
    text = data.decode("utf-8-sig")
    assert text.endswith("\r\n")
    return list(csv.DictReader(StringIO(text, newline="")))


# Formats


def test_csv_escapes_formulas_in_text_only() -> None:
    columns = (*texts("name"), *figures("change"), *truths("binding"))
    rows = [("=1+1", -3.5, True), ("+x", 2, False), ("\tx", None, None), ("-", -1, True), ('@a, "b"\nc', 0, True)]
    data = b"".join(csv_format.encode(columns, rows))
    assert data == (
        codecs.BOM_UTF8
        + b"name,change,binding\r\n'=1+1,-3.5,true\r\n'+x,2,false\r\n'\tx,,\r\n'-,-1,true\r\n"
        + b'"\'@a, ""b""\nc",0,true\r\n'
    )


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.none() | st.floats(allow_nan=False))))
def test_csv_reads_back_as_written(rows: list[tuple]) -> None:
    data = b"".join(csv_format.encode((*texts("a"), *figures("b")), rows))
    found = list(csv.reader(StringIO(data.decode("utf-8-sig"), newline="")))[1:]
    for (text, number), (cell, figure) in zip(rows, found, strict=True):
        assert cell == csv_format.neutralised(text)
        assert not cell.startswith(tuple(csv_format.FORMULA_STARTS))
        assert (float(figure) if figure else None) == number


def test_json_is_one_array_and_lines_are_objects() -> None:
    columns = (*texts("name"), *figures("n"))
    rows = [("=a", 1.5), (None, None)]
    assert json.loads(b"".join(json_format.encode_array(columns, rows))) == [
        {"name": "=a", "n": 1.5},
        {"name": None, "n": None},
    ]
    assert json.loads(b"".join(json_format.encode_array(columns, []))) == []
    lines = b"".join(json_format.encode_lines(columns, rows)).splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["=a", None]


@pytest.mark.parametrize("dataset", COLUMNS)
def test_columns_are_the_contract(db: None, dataset: str) -> None:
    assert [column.name for column in DATASETS[dataset].columns] == COLUMNS[dataset].split(", ")
    extent = Extent(None, timezone.localdate())
    header = b"".join(FORMATS["csv"].encode(DATASETS[dataset].columns, DATASETS[dataset].rows(extent)))
    assert header.decode("utf-8-sig") == COLUMNS[dataset].replace(", ", ",") + "\r\n"  # no rows, still a header


# Figures


def test_applications(estate: Estate, tmp_path: Path) -> None:
    rows = {row["name"]: row for row in exported(tmp_path, "applications")}
    assert len(rows) == 4
    scorer, score = rows["Credit Scorer"], CurrentScore.objects.get(application=estate.scorer)
    assert (scorer["department"], scorer["department_key"], scorer["owner"]) == ("Cards", "cards", "alice")
    assert (scorer["overall"], scorer["low"], scorer["high"]) == (
        score.overall_point,
        score.overall_low,
        score.overall_high,
    )
    assert [scorer[p] for p in Principle.values] == [getattr(score, f"{p}_point") for p in Principle.values]
    assert scorer["registered"].endswith("Z")
    assert len(scorer["registered"]) == 20
    assert rows['=HYPERLINK("x")<b>']["purpose"] == "-1 of +2, @all"


def test_csv_of_hostile_names(estate: Estate, tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    call_command("export", "applications", "--out", str(out), "--department", "treasury", stdout=StringIO())
    (row,) = csv_rows(out.read_bytes())
    assert row["name"] == '\'=HYPERLINK("x")<b>'
    assert row["purpose"] == "'-1 of +2, @all"


def test_scores_agree_with_applications(estate: Estate, tmp_path: Path) -> None:
    applications = {row["external_id"]: row for row in exported(tmp_path, "applications")}
    rows = exported(tmp_path, "scores")
    assert len(rows) == 7 * CurrentScore.objects.count()
    for row in rows:
        name = row["principle"]
        assert row["point"] == applications[row["external_id"]][name]
        assert row["low"] <= row["point"] <= row["high"]
        assert (row["inherent"] is None) == (name == "overall")


def test_department_scores(estate: Estate, tmp_path: Path) -> None:
    rows = exported(tmp_path, "department_scores")
    retail = {row["principle"]: row for row in rows if row["department_key"] == "retail"}
    assert len(retail) == 7
    assert retail["overall"]["count"] == 2  # cards lie below; the idea counts nowhere
    assert retail["overall"]["worst"] == CurrentScore.objects.get(application=estate.scorer).overall_point
    assert {row["department_key"] for row in rows} == {"organisation", "retail", "cards", "treasury"}
    assert retail["overall"]["parent_key"] == "organisation"
    below = exported(tmp_path, "department_scores", "--department", "retail")
    assert {row["department_key"] for row in below} == {"retail", "cards"}


def test_department_scores_of_an_earlier_day(estate: Estate, tmp_path: Path) -> None:
    row = DepartmentDay.objects.get(department=estate.cast.retail, principle="overall")
    row.pk, row.day, row.index = None, row.day.replace(year=row.day.year - 1), 12.5
    row.save()
    (found,) = (
        one
        for one in exported(tmp_path, "department_scores", "--as-of", row.day.isoformat())
        if one["principle"] == "overall"
    )
    assert (found["index"], found["as_of"]) == (12.5, row.day.isoformat())


def test_compliance_agrees_with_the_counts(estate: Estate, tmp_path: Path) -> None:
    rows = exported(tmp_path, "compliance")
    assert rows
    for framework in {row["framework"] for row in rows}:
        stored = ApplicationCoverage.objects.filter(framework=framework, application__score__counted_in__isnull=False)
        for state in ("met", "partial", "gap", "unknown", "upcoming"):
            mine = [row for row in rows if row["framework"] == framework and row["state"] == state]
            assert len(mine) == sum(stored.values_list(state, flat=True)), (framework, state)
    assert "Draft" not in {row["application"] for row in rows}
    assert {row["binding"] for row in rows} == {True, False}
    assert all(0 <= row["fulfilment"] <= 1 for row in rows if row["fulfilment"] is not None)


def test_usage(estate: Estate, tmp_path: Path) -> None:
    rows = exported(tmp_path, "usage")
    assert sum(row["interactions"] for row in rows) == 9 + 4 + 100 + 7 + 5
    chat = {row["department"]: row for row in rows if row["application"] == "Chat Elsewhere"}
    assert {name: row["users"] for name, row in chat.items()} == {"Retail Banking": 2, "Unassigned": 1}
    below = exported(tmp_path, "usage", "--department", "retail")
    assert sorted(row["interactions"] for row in below) == [7, 9, 100]


# The command


def test_command_says_what_is_wrong(estate: Estate, tmp_path: Path) -> None:
    out = tmp_path / "x.csv"
    with pytest.raises(CommandError, match="no department with the key 'nope'"):
        call_command("export", "scores", "--out", str(out), "--department", "nope")
    with pytest.raises(CommandError, match="before the first figures"):
        call_command("export", "scores", "--out", str(out), "--as-of", "2020-01-01")
    with pytest.raises(CommandError, match="lies ahead"):
        call_command("export", "department_scores", "--out", str(out), "--as-of", "2999-01-01")
    with pytest.raises(CommandError, match="Can't write"):
        call_command("export", "scores", "--out", str(tmp_path / "missing" / "x.csv"))
    with pytest.raises(CommandError, match="no day in ISO 8601"):
        call_command("export", "scores", "--out", str(out), "--as-of", "yesterday")
    assert not out.exists()
    assert not list(tmp_path.iterdir())
    assert not Export.objects.exclude(finished_at=None).exists()


def test_a_file_appears_only_when_complete(estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "a.csv"
    out.write_bytes(b"before")

    def broken(extent: Extent) -> Iterator[tuple]:
        yield from ()
        raise RuntimeError("in the middle")

    monkeypatch.setitem(DATASETS, "usage", Dataset("usage", "Usage", (Column("a"),), broken))
    with pytest.raises(RuntimeError):
        call_command("export", "usage", "--out", str(out))
    assert out.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert Export.objects.get().finished_at is None
    assert AuditLogEntry.objects.filter(action="export.broken_off").count() == 1


def test_each_export_leaves_one_entry(estate: Estate, tmp_path: Path) -> None:
    out, said = tmp_path / "a.csv", StringIO()
    call_command("export", "usage", "--out", str(out), "--department", "retail", stdout=said)
    entry = AuditLogEntry.objects.get(action="export.made")
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    assert entry.details["sha256"] == digest == json.loads(said.getvalue())["sha256"]
    assert (entry.details["rows"], entry.department, entry.actor) == (3, estate.cast.retail, None)
    assert Export.objects.get().sha256 == digest
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(out.stat().st_mode) == 0o666 & ~umask


# The page


def body(response: Any) -> bytes:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


def names(client: Client, user: User, **query: str) -> set[str]:
    client.force_login(user)
    data = body(client.get("/exports/download/", {"dataset": "applications", "format": "json", **query}))
    return {row["name"] for row in json.loads(data)}


def test_everyone_takes_away_only_their_own(estate: Estate, client: Client) -> None:
    cast, retail = estate.cast, {"Credit Scorer", "Letter Summariser", "Draft"}
    for person in (cast.alice, cast.bob, cast.carol):
        assert names(client, person) == retail
    assert names(client, cast.dan) == retail | {estate.hostile.name}
    assert names(client, cast.eve) == {estate.hostile.name}
    assert names(client, cast.dan, department="cards") == {"Credit Scorer"}
    assert names(client, cast.dan, lifecycle="idea") == {"Draft"}
    assert client.get("/exports/download/?dataset=usage&department=nowhere").status_code == 404
    client.force_login(cast.eve)
    assert client.get("/exports/download/?dataset=usage&department=retail").status_code == 404
    assert client.get("/exports/download/?dataset=secrets").status_code == 404
    assert client.get("/exports/download/?dataset=usage&as_of=2020-01-01").status_code == 400
    assert client.post("/exports/download/?dataset=usage").status_code == 405


def test_page_and_command_give_the_same_bytes(estate: Estate, client: Client, tmp_path: Path) -> None:
    client.force_login(estate.cast.dan)
    for dataset in DATASETS:
        out = tmp_path / f"{dataset}.csv"
        call_command("export", dataset, "--out", str(out), stdout=StringIO())
        response = client.get("/exports/download/", {"dataset": dataset})
        assert body(response) == out.read_bytes()
        assert response.headers["Content-Disposition"].endswith('.csv"')
    entry = AuditLogEntry.objects.filter(action="export.made", actor=estate.cast.dan).latest("at")
    assert entry.address == "127.0.0.1"


def test_list_of_exports(estate: Estate, client: Client) -> None:
    for person in (estate.cast.alice, estate.cast.dan):
        client.force_login(person)
        body(client.get("/exports/download/?dataset=usage"))
    assert client.get("/exports/").content.count(b"Usage by day \xc2\xb7 CSV") == 2  # an auditor of everything sees all
    client.force_login(estate.cast.alice)
    page = client.get("/exports/?dataset=scores&band=high")
    assert page.content.count(b"Usage by day \xc2\xb7 CSV") == 1
    assert b'name="band" value="high"' in page.content


def test_a_reader_that_hangs_up_is_noted(estate: Estate) -> None:
    def stream() -> Generator[bytes, None, None]:
        extent = Extent(estate.cast.dan, timezone.localdate())
        dataset, target = DATASETS["compliance"], FORMATS["json"]
        with exports.making(actor=estate.cast.dan, dataset=dataset, format=target, extent=extent) as run:
            yield from run.chunks()

    reading = stream()
    next(reading)
    reading.close()
    assert Export.objects.get().finished_at is None
    assert AuditLogEntry.objects.get(action="export.broken_off").details["size"] == 1


def test_queries_do_not_grow_with_rows(cast: Cast) -> None:
    def queries(dataset: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            list(DATASETS[dataset].rows(Extent(cast.dan, timezone.localdate())))
        return len(seen)

    def grow(number: int) -> None:
        for _ in range(number):
            make_application(cast.retail)
        scores.rescore_changed()

    grow(3)
    queries("applications")  # roles are read once for a person
    few = {name: queries(name) for name in DATASETS}
    grow(27)
    assert {name: queries(name) for name in DATASETS} == few


def test_overview_file_stands_alone(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    response = client.get("/exports/overview.html")
    page = response.content.decode()
    assert "Residual risk by department and principle" in page
    own = page.partition("<body>")[2].partition("<script>")[0]
    assert own.count("data-chart=") == own.count('type="application/json"') > 0
    assert "default-src 'none'" in page
    assert "'unsafe-inline'" not in page
    assert "&lt;b&gt;" in own  # a name from the register is text
    assert "<b>" not in own
    assert "customdata" not in own  # nothing to click on that leads nowhere
    assert '"meta"' not in own
    assert not re.search(r"""\bsrc=|href=(?!"#content")|@import|url\(""", own)
    assert AuditLogEntry.objects.get(action="export.made").details["format"] == "html"
