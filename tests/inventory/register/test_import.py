"""Importing the register: what a file does, and what it can't do."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.choices import Lifecycle, Origin
from inventory.models import AIApplication, AuditLogEntry, ChangedApplication, Identifier, User
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.register.files import HEADER, load, rows, told


def test_a_full_row_becomes_an_application(cast: Cast) -> None:
    row = "X-1,Scorer,Scores loans.,Embedded feature,Vendor,Acme,RETAIL banking,In review,alice,BOB@bank.example,"
    row += "host:a.example;agent_id:T:1:2"
    result = load(f"{HEADER}\n{row}\n")
    assert result.summary() == {"rows": 1, "created": 1, "updated": 0, "unchanged": 0, "errors": 0}
    app = AIApplication.objects.get()
    assert (app.external_id, app.name, app.purpose, app.vendor) == ("X-1", "Scorer", "Scores loans.", "Acme")
    assert (app.kind, app.origin, app.lifecycle) == ("embedded_feature", Origin.VENDOR, Lifecycle.IN_REVIEW)
    assert (app.department, app.owner, app.deputy) == (cast.retail, cast.alice, cast.bob)
    assert set(app.identifiers.values_list("kind", "value")) == {("host", "a.example"), ("agent_id", "T:1:2")}
    assert ChangedApplication.objects.filter(pk=app.pk).exists()


def test_the_same_file_again_changes_nothing(cast: Cast) -> None:
    text = rows("A,p,agent,retail", "B,p,model,cards")
    assert load(text).created == 2
    ChangedApplication.objects.all().delete()
    again = load(text)
    assert again.summary() == {"rows": 2, "created": 0, "updated": 0, "unchanged": 2, "errors": 0}
    assert AuditLogEntry.objects.filter(action="register.imported").count() == 1
    assert not ChangedApplication.objects.exists()


def test_department_and_folded_name_are_the_key_without_an_external_id(cast: Cast) -> None:
    app = make_application(cast.retail, "Scorer", external_id="X-1")
    make_application(cast.cards, "Scorer")
    result = load(rows("SCORER,New purpose,application,retail"))
    assert (result.updated, result.created) == (1, 0)
    app.refresh_from_db()
    assert (app.name, app.purpose) == ("SCORER", "New purpose")
    assert result.changes[0].changes["name"] == ("Scorer", "SCORER")


def test_an_external_id_lets_everything_else_change(cast: Cast) -> None:
    app = make_application(cast.retail, "Old", external_id="X-1", owner=cast.alice)
    result = load(f"{HEADER}\nX-1,New,p,model,,,cards,retired,,,\n")
    app.refresh_from_db()
    assert (app.name, app.kind, app.department, app.lifecycle) == ("New", "model", cast.cards, Lifecycle.RETIRED)
    assert app.owner == cast.alice  # an empty cell leaves what is there
    assert result.changes[0].changes["department"] == ("Retail Banking", "Cards")


def test_empty_cells_leave_and_filled_identifiers_replace(cast: Cast) -> None:
    app = make_application(cast.retail, "A", vendor="Acme", identifiers=[("host", "a.example"), ("host", "b.example")])
    text = "name,purpose,kind,department,vendor,identifiers\n"
    load(text + f"A,{app.purpose},application,retail,,\n")
    assert app.identifiers.count() == 2
    result = load(text + f"A,{app.purpose},application,retail,,host:B.example;repository:r\n")
    assert result.updated == 1
    assert set(app.identifiers.values_list("kind", "folded")) == {("host", "b.example"), ("repository", "r")}
    app.refresh_from_db()
    assert app.vendor == "Acme"


@pytest.mark.parametrize(
    "data",
    [
        b"name;purpose;kind;department\nA;p, q;agent;retail\n",
        b'\xef\xbb\xbfName,Purpose,KIND,Department\r\nA,"p, q",agent,retail\r\n',
        b"sep=;\nname;purpose;kind;department\nA;p, q;agent;retail\n",
        b"\n\nName\tPurpose\tKind\tDepartment\nA\tp, q\tAgent\tretail\n\n",
        b'name,purpose,kind,department,,\nA,"p, q",agent,retail,,\n,,,,,\n',
    ],
    ids=["semicolons", "mark", "sep", "tabs", "padding"],
)
def test_spreadsheets_write_it_in_many_ways(cast: Cast, data: bytes) -> None:
    result = load(data)
    assert (result.created, result.problems) == (1, [])
    assert AIApplication.objects.get().purpose == "p, q"


def test_unknown_columns_are_left_out_and_said(cast: Cast) -> None:
    result = load(rows("A,p,agent,retail,9", header="name,purpose,kind,department,=Risk"))
    assert result.created == 1
    assert "=risk" in result.notes[0]


@pytest.mark.parametrize("missing", ["name", "purpose", "kind", "department"])
def test_a_needed_column_is_missed(cast: Cast, missing: str) -> None:
    header = ",".join(c for c in ("name", "purpose", "kind", "department") if c != missing)
    assert told(load(header + "\nA,B,C\n")) == [(1, missing)]


def test_every_bad_row_is_told_by_line_and_column_and_nothing_is_stored(cast: Cast) -> None:
    result = load(
        rows(
            "Good,p,agent,retail",
            ",p,agent,retail",  # 3
            "A,,agent,retail",  # 4
            "B,p,robot,retail",  # 5
            "C,p,agent,Retial Banking",  # 6
            '"D\nE",p,agent,retail',  # 7 and 8
            f"{'x' * 201},p,agent,",  # 9
            "F,p",  # 10
            "G,p,agent,retail,extra",  # 11
        )
    )
    assert told(result) == [
        (3, "name"),
        (4, "purpose"),
        (5, "kind"),
        (6, "department"),
        (7, "name"),
        (9, "name"),
        (9, "department"),
        (10, ""),
        (11, ""),
    ]
    assert result.summary() == {"rows": 9, "created": 0, "updated": 0, "unchanged": 0, "errors": 9}
    assert str(result.problems[3]) == (
        "line 6, column department: There is no department “Retial Banking”. Did you mean Retail Banking?"
    )
    assert not AIApplication.objects.exists()
    assert not AuditLogEntry.objects.filter(action="register.imported").exists()


def test_bytes_that_are_no_utf8_are_told_where_they_stand(cast: Cast) -> None:
    result = load(b"name,purpose,kind,department\nA,p,agent,retail\nCaf\xe9,p,agent,retail\n")
    assert told(result) == [(3, "name")]
    assert "UTF-8" in result.problems[0].mend


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 1),
        (b"\xef\xbb\xbf\n", 1),
        ("name,purpose".encode("utf-16"), 1),
        (b'name,purpose,kind,department\nA,p,agent,retail\n"B,p,agent,retail\nC,p,agent,retail\n', 3),
        (b'name,purpose,kind,department\n"A"x,p,agent,retail\n', 2),
    ],
    ids=["empty", "only mark", "utf-16", "open quote", "text after quote"],
)
def test_files_that_are_no_csv_have_their_line(cast: Cast, data: bytes, line: int) -> None:
    result = load(data)
    assert [problem.line for problem in result.problems] == [line]
    assert result.problems[0].mend


def test_nul_is_no_text(cast: Cast) -> None:
    assert told(load(b"name,purpose,kind,department\nA\x00,p,agent,retail\n")) == [(2, "name")]


def test_a_header_alone_is_a_register_without_rows(cast: Cast) -> None:
    assert load(HEADER + "\n").summary()["rows"] == 0


@pytest.mark.parametrize(
    ("first", "second", "column"),
    [
        ("X-1,A,p,agent,retail", "X-1,B,p,agent,retail", "external_id"),
        (",A,p,agent,retail", ",a,p,agent,Retail Banking", "name"),
        ("X-1,A,p,agent,retail", ",a,p,agent,retail", "name"),
    ],
)
def test_one_application_stands_in_one_row(cast: Cast, first: str, second: str, column: str) -> None:
    result = load(rows(first, second, header="external_id,name,purpose,kind,department"))
    assert told(result) == [(3, column)]
    assert "line 2" in result.problems[0].problem


def test_a_row_by_name_before_one_with_an_external_id_is_a_double_too(cast: Cast) -> None:
    result = load(rows(",A,p,agent,retail", "X-1,a,p,agent,retail", header="external_id,name,purpose,kind,department"))
    assert told(result) == [(2, "name")]


def test_the_same_application_by_id_and_by_name_is_a_double(cast: Cast) -> None:
    make_application(cast.retail, "A", external_id="X-1")
    result = load(rows("X-1,B,p,agent,retail", ",A,p,agent,retail", header="external_id,name,purpose,kind,department"))
    assert told(result) == [(3, "name")]


def test_a_name_that_several_have_needs_an_external_id(cast: Cast) -> None:
    make_application(cast.retail, "A", external_id="X-1")
    make_application(cast.retail, "A", external_id="X-2")
    result = load(rows("A,p,agent,retail"))
    assert told(result) == [(2, "name")]
    assert "X-1, X-2" in result.problems[0].mend


def test_a_namesake_with_an_id_of_its_own_is_noted(cast: Cast) -> None:
    make_application(cast.retail, "A")
    result = load(rows("X-1,A,p,agent,retail", header="external_id,name,purpose,kind,department"))
    assert result.created == 1
    assert "AI-00001" in result.notes[0]


def identified(*lines: str) -> str:
    return rows(*lines, header="name,purpose,kind,department,identifiers")


@pytest.mark.parametrize("cell", ["hosts:a", "a.example", "host:", "host:a;b"])
def test_identifiers_must_be_readable(cast: Cast, cell: str) -> None:
    assert told(load(identified(f'A,p,agent,retail,"{cell}"'))) == [(2, "identifiers")]


def test_an_identifier_of_another_application_is_an_error_on_its_row(cast: Cast) -> None:
    make_application(cast.retail, "Holder", identifiers=[("host", "a.example")])
    result = load(identified("A,p,agent,retail,host:a.example", "B,p,agent,retail,host:b.example;host:a.example"))
    assert told(result) == [(2, "identifiers"), (3, "identifiers")]
    assert "AI-00001 Holder" in result.problems[0].problem


def test_an_identifier_may_move_within_a_file(cast: Cast) -> None:
    make_application(cast.retail, "Old", identifiers=[("host", "a.example")])
    result = load(identified("New,p,agent,retail,host:a.example", "Old,p,agent,retail,host:b.example"))
    assert result.problems == []
    assert Identifier.objects.get(folded="a.example").application.name == "New"


def test_a_dry_run_does_everything_but_keep_it(cast: Cast) -> None:
    text = rows("A,p,agent,retail,new@bank.example", header="name,purpose,kind,department,owner")
    result = load(text, dry_run=True)
    assert (result.created, len(result.notes)) == (1, 1)
    assert not AIApplication.objects.exists()
    assert not User.objects.filter(email="new@bank.example").exists()
    assert not AuditLogEntry.objects.filter(action="register.imported").exists()
    load(text)
    assert AIApplication.objects.get().external_id == "AI-00001"  # the dry run used up no number


def test_one_entry_with_counts_and_digest(cast: Cast) -> None:
    result = load(rows("A,p,agent,retail", "B,p,agent,retail"), cast.alice)
    entry = AuditLogEntry.objects.get(action="register.imported")
    assert entry.actor == cast.alice
    assert entry.details["created"] == 2
    assert entry.details["sha256"] == result.sha256
    assert len(result.sha256) == 64


def test_row_history_sees_the_bulk(cast: Cast) -> None:
    text = rows("A,p,agent,retail", "B,p,agent,retail")
    load(text)
    load(text.replace(",p,", ",q,"))
    events = AIApplication.pgh_event_model.objects.order_by("pgh_id")  # type: ignore[attr-defined]
    assert [(e.pgh_label, e.name, e.purpose) for e in events] == [
        ("insert", "A", "p"), ("insert", "B", "p"), ("update", "A", "q"), ("update", "B", "q")
    ]  # fmt: skip


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    def count(number: int, prefix: str) -> int:
        header = "name,purpose,kind,department,owner,identifiers"
        lines = [f"{prefix}{n},p,agent,retail,{prefix}{n}@bank.example,host:{prefix}{n}.example" for n in range(number)]
        with CaptureQueriesContext(connection) as queries:
            assert load(rows(*lines, header=header)).created == number
        return len(queries)

    assert count(3, "a") == count(30, "b")


def test_expected_counts_guard_a_confirmation(cast: Cast) -> None:
    text = rows("A,p,agent,retail")
    expected = load(text, dry_run=True).summary()
    make_application(cast.retail, "A")
    assert load(text, expected=expected).problems
    assert load(text, sha256="0" * 64).problems
    assert AIApplication.objects.get().purpose != "p"
