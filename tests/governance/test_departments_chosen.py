"""The tree of departments, of chosen applications alone."""

from typing import Any

import pytest
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
from risk.models import CurrentScore
from risk.scoring.portfolio import score_department
from risk.selectors.applications import Wanted
from risk.services.scores import rescore_changed
from tests.builders import make_application
from tests.governance.estate import Estate
from tests.governance.test_applications_then import SECOND, dan

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
        address = f"/applications/?department={row.department.key}&lifecycle=live&{page.context['query']}"
        assert address.replace("&", "&amp;") in body
        assert client.get(address).context["page"].paginator.count == row.risk.count
        assert f"/departments/{row.department.key}/?{page.context['query']}" in body
        assert client.get(f"/departments/{row.department.key}/?{page.context['query']}").status_code == 200


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


def test_a_past_day_says_that_it_is_of_all(dan: Client) -> None:
    whole, chosen = (dan.get("/departments/", {"as_of": SECOND, **asked}) for asked in ({}, {"kind": "model"}))
    assert [row.risk for row in chosen.context["page"]] == [row.risk for row in whole.context["page"]]
    assert chosen.content.decode().count("not applied here") == 1


def test_as_many_queries_for_thirty(estate: Estate, client: Client) -> None:
    def asked() -> int:
        client.get("/departments/?kind=model")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/departments/?kind=model").status_code == 200
        return len(queries)

    client.force_login(estate.cast.dan)
    few = asked()
    for place in range(30):
        below = Department.objects.create(name=f"Below {place}", key=f"below{place}", parent=estate.cast.retail)
        make_application(below, kind="model")
    rescore_changed()
    assert asked() == few
    assert CurrentScore.objects.filter(counted_in__isnull=False).count() == 33
