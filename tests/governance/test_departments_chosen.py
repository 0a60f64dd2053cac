"""The tree of departments, of chosen applications alone."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.selectors import rollups
from governance.selectors.among import Among
from governance.selectors.chosen_departments import risks
from governance.selectors.departments import SORTS
from inventory.models import Department
from inventory.selectors.scope import scope_of
from risk.choices import Band
from risk.method import load_method
from risk.models import CurrentScore, NotComputableSpell
from risk.scoring.portfolio import score_department
from risk.selectors.applications import Wanted
from risk.services.scores import rescore_changed
from tests.builders import make_application
from tests.governance.estate import Estate
from tests.governance.test_applications_then import FIRST, SECOND, TODAY, dan
from tests.governance.then import noon

__all__ = ["dan"]

EVERY_BAND = ",".join(Band.values)


def rows(client: Client, **query: Any) -> dict[str, Any]:
    return {row.department.name: row for row in client.get("/departments/", query).context["page"]}


@pytest.mark.parametrize("who", ["dan", "carol", "eve"])
def test_all_of_them_chosen_the_figures_are_those_of_the_roll_ups(estate: Estate, who: str) -> None:
    scope, day = scope_of(getattr(estate.cast, who)), timezone.localdate()
    kept = {(one.department_id, one.principle): one for one in rollups.risks(scope.departments(), day)}
    found = {
        (one.department_id, one.principle): one for one in risks(scope, Among(Wanted(bands=Band.values)), rollups.ALL)
    }
    assert found.keys() == kept.keys()
    assert found
    for key, one in found.items():
        for name in ("index", "worst", "tail", "mean", "critical_share", "high_share"):
            assert getattr(one, name) == pytest.approx(getattr(kept[key], name)), (key, name)
        for name in ("band", "count", "worst_application_id", *(f"{band}_count" for band in Band.values)):
            assert getattr(one, name) == getattr(kept[key], name), (key, name)


def test_the_index_is_the_methods_of_what_is_left(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    found = rows(client, kind="model,copilot")
    pairs = [(one.score.overall_point, one.score.exposure) for one in (estate.scorer, estate.summariser)]
    expected = score_department(pairs, load_method())
    assert expected is not None
    assert found["Retail Banking"].risk.index == pytest.approx(expected.index)
    assert found["Organisation"].risk.count == 2
    assert list(found) == ["Organisation", "Retail Banking", "Cards"]  # Treasury has none of them
    assert found["Cards"].depth == 2
    assert all(row.change is None for row in found.values())


@pytest.mark.parametrize("who", ["dan", "carol", "eve", "ada"])
@pytest.mark.parametrize("asked", [{"kind": "model"}, {"band": EVERY_BAND}, {"class": "open"}, {"owner": "alice"}])
def test_each_count_is_the_length_of_its_list(estate: Estate, client: Client, who: str, asked: dict[str, str]) -> None:
    client.force_login(getattr(estate.cast, who))
    page = client.get("/departments/", asked)
    body = page.content.decode()
    assert "not applied here" not in body
    for row in page.context["page"]:
        address = f"/applications/?department={row.department.key}&lifecycle=live&{page.context['chosen']}"
        assert address.replace("&", "&amp;") in body
        assert client.get(address).context["page"].paginator.count == row.risk.count
        assert f"/departments/{row.department.key}/?{page.context['chosen']}" in body
        assert client.get(f"/departments/{row.department.key}/?{page.context['chosen']}").status_code == 200


def test_nothing_of_others_is_told(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.eve)
    assert rows(client, kind="model") == {}
    assert "No department fits" in client.get("/departments/?kind=model").content.decode()


def test_every_order_is_one_and_the_band_is_the_indexs(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    for sort in (*SORTS, *(f"-{word}" for word in SORTS)):
        assert list(rows(client, kind="model", sort=sort)) == ["Organisation", "Retail Banking", "Cards"]
    band = rows(client, kind="model")["Cards"].risk.band
    assert set(rows(client, kind="model", index_band=band)) == {"Organisation", "Retail Banking", "Cards"}
    other = next(word for word in Band.values if word != band)
    assert rows(client, kind="model", index_band=other) == {}


def test_of_a_past_day_they_are_those_of_what_held_then(dan: Client, estate: Estate) -> None:
    """At first the scorer lay in Retail as an agent and the summariser was an idea; later both were live."""
    exposure = estate.scorer.score.exposure
    (old,) = [one for one in rows(dan, as_of=FIRST, kind="agent").values() if one.department == estate.cast.retail]
    expected = score_department([(12.5, exposure)], load_method())
    assert expected is not None
    assert (old.risk.index, old.risk.count, old.risk.low_count) == (pytest.approx(expected.index), 1, 1)
    assert set(rows(dan, as_of=FIRST, kind="agent")) == {"Organisation", "Retail Banking"}
    assert set(rows(dan, as_of=FIRST, band="low")) == {"Organisation", "Retail Banking"}
    assert rows(dan, as_of=FIRST, band="critical") == {}
    assert rows(dan, as_of=FIRST, kind=estate.summariser.kind, owner="alice") == {}
    late = rows(dan, as_of=SECOND, band=EVERY_BAND)
    pairs = [(88.0, exposure), (30.0, estate.summariser.score.exposure)]
    expected = score_department(pairs, load_method())
    assert expected is not None
    assert late["Organisation"].risk.index == pytest.approx(expected.index)
    assert late["Organisation"].risk.count == 2
    assert late["Organisation"].change is None
    assert set(rows(dan, as_of=SECOND, band="critical")) == {"Organisation", "Retail Banking", "Cards"}


@pytest.mark.parametrize("asked", [{"kind": "model"}, {"band": EVERY_BAND}, {"owner": "bob"}, {"class": "minimal"}])
@pytest.mark.parametrize("day", [FIRST, SECOND])
def test_a_past_day_is_of_what_was_chosen_then(dan: Client, asked: dict[str, str], day: date) -> None:
    page = dan.get("/departments/", {"as_of": day, **asked})
    assert "not applied here" not in page.content.decode()
    for row in page.context["page"]:
        asked_for = {"department": row.department.key, "lifecycle": "live", "as_of": day, **asked}
        listed = dan.get("/applications/", asked_for).context["page"]
        scored = [one for one in listed.object_list if one.scored]
        assert row.risk.count == len(scored) > 0
        assert row.risk.worst == max(one.point for one in scored)
        assert row.risk.day == day
        assert row.change is None


def test_what_was_not_computable_then_has_no_part(dan: Client, estate: Estate) -> None:
    NotComputableSpell.objects.create(
        application=estate.scorer, reason="A test.", since=noon(SECOND) - timedelta(days=1), until=noon(TODAY)
    )
    cache.clear()
    assert rows(dan, as_of=SECOND, band=EVERY_BAND)["Organisation"].risk.count == 1
    assert rows(dan, as_of=SECOND, band="critical") == {}


@pytest.mark.parametrize("who", ["dan", "carol", "eve", "ada"])
@pytest.mark.parametrize("day", [FIRST, SECOND])
def test_each_count_of_then_is_the_length_of_its_list(dan: Client, estate: Estate, who: str, day: date) -> None:
    dan.force_login(getattr(estate.cast, who))
    for asked in ({"kind": "agent,copilot,model"}, {"band": EVERY_BAND}, {"class": "open,minimal"}, {"owner": "bob"}):
        page = dan.get("/departments/", {**asked, "as_of": day})
        body = page.content.decode()
        assert "not applied here" not in body
        for row in page.context["page"]:
            chosen = page.context["chosen"]
            assert f"as_of={day}" in chosen
            address = f"/applications/?department={row.department.key}&lifecycle=live&{chosen}"
            assert address.replace("&", "&amp;") in body
            assert dan.get(address).context["page"].paginator.count == row.risk.count
            assert dan.get(f"/departments/{row.department.key}/?{chosen}").status_code == 200


def test_as_many_queries_for_thirty(dan: Client, estate: Estate) -> None:
    paths = ("/departments/?kind=model", f"/departments/?kind=model&as_of={TODAY - timedelta(days=1)}")

    def asked() -> list[int]:
        costs = []
        for path in paths:
            dan.get(path)
            with CaptureQueriesContext(connection) as queries:
                assert dan.get(path).status_code == 200
            costs.append(len(queries))
        return costs

    few = asked()
    for place in range(30):
        below = Department.objects.create(name=f"Below {place}", key=f"below{place}", parent=estate.cast.retail)
        make_application(below, kind="model")
    rescore_changed()
    assert asked() == few
    assert CurrentScore.objects.filter(counted_in__isnull=False).count() == 33
