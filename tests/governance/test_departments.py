"""Departments: the tree, and figures that come apart into what made them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.selectors import department, overview, rollups
from governance.selectors.analytics.risk import bands_by_day
from governance.selectors.departments import SORTS, tree
from inventory.models import Department
from inventory.selectors.scope import options, path_to, scope_of
from risk.models import CurrentScore, DepartmentDay
from tests.governance.estate import Estate


def names(estate: Estate, **asked: Any) -> list[str]:
    return [row.department.name for row in tree(scope_of(estate.cast.dan), timezone.localdate(), **asked)]


def test_children_stand_below_their_parent(estate: Estate) -> None:
    for sort in (*SORTS, *(f"-{sort}" for sort in SORTS)):
        found = names(estate, sort=sort)
        assert found[0] == "Organisation"
        assert found.index("Cards") == found.index("Retail Banking") + 1, sort
    assert names(estate, sort="name") == ["Organisation", "Retail Banking", "Cards", "Treasury"]
    assert names(estate, sort="-name") == ["Organisation", "Treasury", "Retail Banking", "Cards"]
    assert names(estate, q="CAR") == ["Cards"]
    assert names(estate, bands=["critical"]) == [
        one.department.name
        for one in DepartmentDay.objects.filter(principle="overall", band="critical").order_by("-index")
    ]


def test_the_band_of_applications_is_not_that_of_departments(estate: Estate, client: Client) -> None:
    """The one narrows what is counted, the other which departments are shown."""
    client.force_login(estate.cast.dan)
    whole = client.get("/departments/").context["page"].object_list[0].risk
    some = client.get(f"/departments/?index_band={whole.band}")
    assert {row.risk.band for row in some.context["page"].object_list} == {whole.band}
    alone = client.get(f"/departments/?band={estate.scorer.score.band}").context["page"].object_list[0].risk
    assert alone.count == getattr(whole, f"{estate.scorer.score.band}_count")
    assert "not applied here" not in some.content.decode()


def test_tree_of_a_leader(estate: Estate) -> None:
    rows = tree(scope_of(estate.cast.carol), timezone.localdate())
    assert [(row.department.name, row.depth) for row in rows] == [("Retail Banking", 0), ("Cards", 1)]
    assert rows[0].risk is not None
    assert rows[0].risk.count == 2


def figures_of(estate: Estate) -> department.DepartmentFigures:
    scope = scope_of(estate.cast.dan, estate.cast.retail)
    known = overview.figures(scope, timezone.localdate())
    return department.figures(scope, (), known, overview.highest(scope))


def test_index_comes_apart(estate: Estate) -> None:
    found = figures_of(estate)
    assert found.overall is not None
    assert found.parts is not None
    assert found.overall.index == pytest.approx(max(found.parts.weighted, found.parts.guard))
    assert found.parts.guarded == (found.parts.guard > found.parts.weighted)
    assert found.worst
    assert found.worst.id == estate.scorer.pk
    counts = (found.overall.low_count, found.overall.moderate_count, found.overall.high_count)
    assert sum(counts) + found.overall.critical_count == found.overall.count == 2
    for principle, risk in found.principles:
        assert risk is not None
        points = CurrentScore.objects.filter(counted_in__in=(estate.cast.retail, estate.cast.cards))
        assert risk.worst == max(points.values_list(f"{principle}_point", flat=True))


def test_figures_hold_until_the_next(estate: Estate) -> None:
    today = timezone.localdate()
    now = DepartmentDay.objects.get(department=estate.cast.retail, principle="overall")
    assert now.index is not None
    old = DepartmentDay.objects.get(pk=now.pk)
    old.pk, old.day, old.index = None, today - timedelta(days=45), 10.0
    old.save()
    found = figures_of(estate)
    assert found.change == pytest.approx(now.index - 10.0)
    begin, past = today - timedelta(days=30), today - timedelta(days=5)
    course = department.course(estate.cast.retail, today, 30)
    assert [(risk.day, risk.index) for risk in course] == [(begin, 10.0), (today, now.index)]
    # The text and the axis of a chart speak of its period, whenever the figures of it were taken
    held = department.course(estate.cast.retail, past, 30)
    assert [(risk.day, risk.index) for risk in held] == [(past - timedelta(days=30), 10.0), (past, 10.0)]
    scope = scope_of(estate.cast.dan, estate.cast.retail)
    for told in (None, held):
        assert [on for on, _ in bands_by_day(scope, past, 30, told)] == [past - timedelta(days=30), past]
    only = Department.objects.filter(pk=estate.cast.retail.pk)
    assert rollups.risks(only, today - timedelta(days=46)) == []


def test_options_are_the_tree_where_it_is_small(estate: Estate) -> None:
    assert options(scope_of(estate.cast.dan)) == [
        ("organisation", "Organisation", 0),
        ("retail", "Retail Banking", 1),
        ("cards", "Cards", 2),
        ("treasury", "Treasury", 1),
    ]


def test_options_lead_down_to_the_chosen_one(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.selectors.scope.MOST_OPTIONS", 3)
    cast = estate.cast
    assert options(scope_of(cast.dan)) == [
        ("organisation", "Organisation", 0),
        ("retail", "Retail Banking", 1),
        ("treasury", "Treasury", 1),
    ]
    assert options(scope_of(cast.dan, cast.retail)) == [
        ("organisation", "Organisation", 0),
        ("retail", "Retail Banking", 1),
        ("cards", "Cards", 2),
        ("treasury", "Treasury", 1),
    ]
    assert options(scope_of(cast.carol, cast.cards)) == [("retail", "Retail Banking", 0), ("cards", "Cards", 1)]
    assert path_to(cast.dan, cast.cards) == (cast.root, cast.retail)
    assert path_to(cast.carol, cast.cards) == (cast.retail,)


def test_page_explains_the_index(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.carol)
    body = client.get("/departments/retail/?period=90").content.decode()
    assert "Worst quarter" in body
    assert "Credit Scorer" in body
    assert "Chat Elsewhere" in body
    assert "never more than 25 below the worst" in body
    empty = client.get("/departments/cards/?period=7")
    assert empty.status_code == 200
