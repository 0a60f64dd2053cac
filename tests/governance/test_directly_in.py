"""What lies directly in a department has a row of its own, so that the rows of a table add up to the whole; its number
opens exactly these."""

import json
from collections import Counter
from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.core.paginator import Paginator
from django.test import Client
from django.utils import timezone

from governance.selectors.requirements import Pair
from inventory.models import Department
from risk.choices import Principle
from risk.models import CoverageDay, DepartmentDay
from tests.governance.estate import Estate
from tests.governance.then import judged, stood

TODAY = timezone.localdate()
THEN = TODAY - timedelta(days=1)


@pytest.fixture
def dan(estate: Estate, client: Client) -> Client:
    """Dan, today; and yesterday, when everything stood as it does."""
    for kept in (DepartmentDay, CoverageDay):
        for row in kept.objects.filter(day=TODAY):
            row.pk, row.day = None, THEN
            row.save()
    for application in (estate.scorer, estate.summariser, estate.hostile):
        stood(application, THEN)
        newest = application.snapshots.latest("as_of", "id")
        judged(application, THEN, newest.overall_point, newest.band)
    client.force_login(estate.cast.dan)
    cache.clear()
    return client


def counted(client: Client, **query: object) -> dict[str, tuple[int, int]]:
    """Of each department, by its name as it stands there, the binding gaps and all pairs; they add up."""
    body = client.get("/compliance/", query)
    whole = [one for _, _, group in body.context["groups"] for one in group]
    found = {}
    for row in body.context["rows"]:
        name = f"{row.department.name} itself" if row.directly else row.department.name
        assert name in body.content.decode()
        found[name] = (row.binding_gaps, sum(one.total for one in row.figures))
    assert sum(gaps for gaps, _ in found.values()) == sum(one.gap for one in whole if one.framework.binding)
    assert sum(pairs for _, pairs in found.values()) == sum(one.total for one in whole)
    return found


@pytest.mark.parametrize("query", [{}, {"as_of": THEN}, {"kind": "copilot"}, {"kind": "model,copilot"}])
def test_the_departments_and_what_lies_directly_are_the_whole(dan: Client, query: dict[str, object]) -> None:
    everything = counted(dan, **query)
    assert not any(name.endswith("itself") for name in everything)  # nothing lies directly in the organisation
    retail = counted(dan, department="retail", **query)
    assert retail["Retail Banking itself"][1] > 0
    assert tuple(map(sum, zip(*retail.values(), strict=True))) == everything["Retail Banking"]
    assert counted(dan, department="cards", **query).keys() <= {"Cards itself"}


def test_each_number_opens_exactly_these(dan: Client, estate: Estate) -> None:
    page = dan.get("/compliance/", {"department": "retail"})
    (row,) = [row for row in page.context["rows"] if row.directly]
    assert 'href="?department=retail&amp;below=no"' in page.content.decode()
    opened = dan.get("/compliance/gaps/", {"department": "retail", "below": "no"})
    assert opened.context["page"].paginator.count == row.binding_gaps
    every = dan.get("/compliance/gaps/", {"department": "retail", "below": "no", "state": "all"})
    pairs = listed(every.context["page"].paginator)
    assert len(pairs) == sum(one.total for one in row.figures if one.framework.binding) > 0
    assert {pair.application for pair in pairs} == {"Letter Summariser"}
    assert "Departments below: <strong>left out" in opened.content.decode()
    for one in row.figures:
        shown = dan.get(f"/compliance/{one.framework.id}/", {"department": "retail", "below": "no"}).context
        assert (shown["figures"].numbers, shown["figures"].overdue) == (one.numbers, one.overdue)
        assert {pair.application for pair in shown["page"].object_list} <= {"Letter Summariser"}
    (alone,) = dan.get("/compliance/", {"department": "retail", "below": "no"}).context["rows"]
    assert (alone.directly, alone.binding_gaps) == (True, row.binding_gaps)
    names = [one.name for one in dan.get("/applications/?department=retail&below=no").context["page"].object_list]
    assert sorted(names) == ["Draft", "Letter Summariser"]


def listed(pages: Paginator) -> list[Pair]:
    return [pair for number in pages.page_range for pair in pages.page(number).object_list]


def test_so_it_is_as_of_a_past_day(dan: Client) -> None:
    for path in ("/compliance/gaps/", "/compliance/gdpr/"):
        whole = dan.get(path, {"department": "retail", "as_of": THEN}).context
        assert {row.department.key for row, _ in whole["rows"]} == {"retail", "cards"}
        sums = [sum(column) for column in zip(*(counts for _, counts in whole["rows"]), strict=True)]
        totals = [sum(getattr(one, state) for one in whole["found"]) for state in ("met", "partial", "gap", "overdue")]
        assert [sums[0], sums[1], sums[2], sums[-1]] == totals
        alone = dan.get(path, {"department": "retail", "below": "no", "as_of": THEN})
        assert [(row.department.key, row.directly) for row, _ in alone.context["rows"]] == [("retail", True)]
        assert next(counts for row, counts in whole["rows"] if row.directly) == alone.context["rows"][0][1]
        assert "not applied here" not in alone.content.decode()
    assert "below=no" in dan.get("/compliance/?department=retail&as_of=" + THEN.isoformat()).content.decode()


@pytest.mark.parametrize("day", [TODAY, THEN])
def test_the_export_and_the_interface_have_as_many(dan: Client, day: date) -> None:
    asked = {"department": "retail", "below": "no"}
    answer = dan.get("/exports/download/", {"dataset": "compliance", "format": "json", "as_of": day, **asked})
    rows = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert {row["application"] for row in rows} == {"Letter Summariser"}
    figures = dan.get("/compliance/", {**asked, "as_of": day}).context["groups"]
    counted = Counter((row["framework"], row["state"]) for row in rows)
    for one in (one for _, _, group in figures for one in group):
        for state, number in one.numbers:
            assert state == "not_assessed" or counted[one.framework.id, state] == number
    if day == TODAY:
        assert dan.get("/api/v1/compliance/", asked).json()["count"] == len(rows)
        assert dan.get("/api/v1/scores/", {**asked, "principle": "overall"}).json()["count"] == 2  # and the draft


def test_it_needs_a_department(dan: Client) -> None:
    shown = dan.get("/compliance/gaps/?below=no")
    assert "needs a department" in shown.content.decode()
    assert dan.get("/api/v1/compliance/?below=no").status_code == 400
    assert dan.get("/exports/download/?dataset=compliance&below=no").status_code == 400
    assert "not applied here" in dan.get("/?department=retail&below=no").content.decode()


def test_a_tree_that_changed_since_leaves_nothing_negative(dan: Client, estate: Estate) -> None:
    Department.objects.filter(key="treasury").update(parent=estate.cast.retail)
    rows = dan.get("/compliance/gaps/", {"department": "retail", "as_of": THEN}).context["rows"]
    assert min(number for _, counts in rows for number in counts) >= 0


@pytest.mark.parametrize("query", [{}, {"as_of": THEN}])
def test_the_departments_below_and_itself_are_all_its_live_applications(dan: Client, query: dict[str, object]) -> None:
    page = dan.get("/departments/retail/", query)
    below, overall = page.context["below"], page.context["figures"].overall
    counts = [row.overall.count for row in below.parts] + [below.itself.count]
    assert (counts, sum(counts)) == ([1, 1], overall.count)
    assert "Retail Banking itself" in page.content.decode()
    for band in ("low", "moderate", "high", "critical"):
        parts = sum(getattr(row.overall, f"{band}_count") for row in below.parts)
        assert parts + getattr(below.itself, f"{band}_count") == getattr(overall, f"{band}_count")
    whole, *bars = page.context["bands"].rows
    assert [sum(column) for column in zip(*(row.values for row in bars), strict=True)] == list(whole.values)
    for row in page.context["bands"].rows:
        assert dan.get(row.url).context["page"].paginator.count == sum(row.values)
    assert dan.get(page.context["itself_url"]).context["page"].paginator.count == below.itself.count
    assert dan.get("/departments/cards/", query).context["below"].parts == ()
    assert "Cards itself" not in dan.get("/departments/cards/", query).content.decode()


def test_it_has_an_index_and_a_row_of_the_matrix_today(dan: Client, estate: Estate) -> None:
    """By the formula of every department: of one application the index is its risk. Of past days none is kept."""
    own = dan.get("/departments/retail/").context["below"].own
    score = estate.summariser.score
    assert (own.overall.index, own.overall.count) == (score.overall_point, 1)
    assert [one.index for one in own.principles] == [getattr(score, f"{one}_point") for one in Principle.values]
    *_, row = dan.get("/?department=retail").context["matrix"].rows
    assert row.label == "Retail Banking itself"
    assert [cell.value for cell in row.cells] == [one.index for one in own.principles]
    for cell in row.cells:
        assert [one.name for one in dan.get(cell.url).context["page"].object_list] == ["Letter Summariser"]
    assert not any(row.label.endswith("itself") for row in dan.get("/").context["matrix"].rows)
    assert not any(row.label.endswith("itself") for row in dan.get("/?department=cards").context["matrix"].rows)
    past = dan.get("/departments/retail/", {"as_of": THEN})
    assert past.context["below"].own is None
    assert "Of past days kept with everything below it alone" in past.content.decode()
