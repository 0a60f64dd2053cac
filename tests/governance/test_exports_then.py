"""Datasets as of a past day: what was planted, the same as on the pages of that day; what is not kept is refused."""

import json
from collections import Counter
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from governance.models import Export
from governance.selectors.datasets import DATASETS
from governance.selectors.rules import RULES
from inventory.models import AIApplication, Identifier
from risk.choices import RequirementStatus, RunState
from risk.models import CoverageDay, DepartmentDay, NotComputableSpell, RescoreRun
from tests.governance.estate import Estate
from tests.governance.test_recommendations_then import card
from tests.governance.then import judged, noon, stood

TODAY = timezone.localdate()
FIRST, SECOND = TODAY - timedelta(days=60), TODAY - timedelta(days=1)
DATED = {"applications", "scores", "department_scores", "compliance", "evidence", "recommendations"}


@pytest.fixture
def dan(estate: Estate, client: Client) -> Client:
    """Dan. The scorer lay in retail and was low, then it was as it is today; the summariser was an idea, then live."""
    cast = estate.cast
    for figure in DepartmentDay.objects.filter(department=cast.retail, principle="overall"):
        figure.pk, figure.day = None, FIRST
        figure.save()
    owned = {"owner_id": cast.bob.pk, "deputy_id": cast.alice.pk}
    stood(estate.scorer, FIRST, name="=Scorer of old", department_id=cast.retail.pk, **owned)
    judged(estate.scorer, FIRST, 12.5, "low", eu_class="minimal", fairness_point=3.5)
    stood(estate.summariser, FIRST, lifecycle="idea")
    for application in (estate.scorer, estate.summariser):
        stood(application, SECOND)
        newest = application.snapshots.latest("as_of", "id")
        judged(application, SECOND, newest.overall_point, newest.band)
    client.force_login(cast.dan)
    cache.clear()
    return client


def exported(client: Client, dataset: str, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/exports/download/", {"dataset": dataset, "format": "json", **query})
    assert answer.status_code == 200, answer.content.decode()
    return json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]


def named(application: AIApplication, kind: str, value: str, label: str, day: Any) -> None:
    """A version of an identifier in the row history."""
    one, _ = Identifier.objects.get_or_create(application=application, kind=kind, value=value)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inventory_identifierevent"
            " (pgh_created_at, pgh_label, pgh_obj_id, id, application_id, kind, value, folded)"
            " SELECT %s, %s, id, id, application_id, kind, value, folded FROM inventory_identifier WHERE id = %s",
            [noon(day), label, one.pk],
        )


def test_the_register_as_it_stood(dan: Client, estate: Estate) -> None:
    named(estate.scorer, "host", "old.example", "insert", FIRST)
    named(estate.scorer, "host", "gone.example", "insert", FIRST)
    named(estate.scorer, "host", "gone.example", "delete", FIRST)
    named(estate.scorer, "host", "late.example", "insert", SECOND)
    old, idea = exported(dan, "applications", as_of=FIRST)
    assert (old["name"], old["department_key"]) == ("=Scorer of old", "retail")
    assert (old["owner"], old["deputy"]) == ("bob", "alice")
    assert (old["overall"], old["band"], old["eu_class"], old["fairness"]) == (12.5, "low", "minimal", 3.5)
    assert (old["identifiers"], old["eu_articles"]) == ("host:old.example", None)
    assert (idea["lifecycle"], idea["overall"], idea["band"], idea["identifiers"]) == ("idea", None, None, None)
    (late,) = [row for row in exported(dan, "applications", as_of=SECOND) if row["external_id"] == old["external_id"]]
    assert (late["name"], late["identifiers"]) == ("Credit Scorer", "host:late.example;host:old.example")
    now = {row["external_id"]: row for row in exported(dan, "applications")}
    assert set(old) == set(now[old["external_id"]])
    same = [name for name in late if name not in ("eu_articles", "updated", "identifiers")]
    assert [late[name] for name in same] == [now[old["external_id"]][name] for name in same]


def test_narrowed_as_the_page_of_that_day(dan: Client) -> None:
    for query in ({}, {"band": "low"}, {"lifecycle": "live"}, {"q": "old"}, {"department": "retail"}, {"owner": "bob"}):
        page = dan.get("/applications/", {"as_of": FIRST, "sort": "name", **query}).context["page"].object_list
        found = exported(dan, "applications", as_of=FIRST, **query)
        assert {row["external_id"] for row in found} == {row.external_id for row in page}, query


def test_scores_as_they_stood(dan: Client, estate: Estate) -> None:
    rows = exported(dan, "scores", as_of=FIRST)
    assert [row["principle"] for row in rows][:2] == ["overall", "fairness"]
    assert (len(rows), {row["name"] for row in rows}) == (7, {"=Scorer of old"})
    assert (rows[0]["point"], rows[0]["band"], rows[0]["as_of"]) == (12.5, "low", FIRST.isoformat())
    assert (rows[1]["point"], rows[1]["band"]) == (3.5, "low")
    then, now = (exported(dan, "scores", principle="overall", **query) for query in ({"as_of": SECOND}, {}))
    points = {row["external_id"]: row["point"] for row in now}
    assert {row["external_id"]: row["point"] for row in then}.items() <= points.items()
    judged(estate.scorer, FIRST, 100.0, "critical", eu_class="prohibited")
    assert {(row["point"], row["band"]) for row in exported(dan, "scores", as_of=FIRST)} == {(None, "prohibited")}
    NotComputableSpell.objects.create(
        application=estate.scorer, reason="x", since=noon(FIRST), until=noon(FIRST + timedelta(days=1))
    )
    assert exported(dan, "scores", as_of=FIRST) == []


def test_requirements_as_they_stood_add_up_to_the_figures_of_the_day(dan: Client, estate: Estate) -> None:
    assert {row["application"] for row in exported(dan, "compliance", as_of=FIRST)} == {"=Scorer of old"}
    then = exported(dan, "compliance", as_of=SECOND)
    names = {"Credit Scorer", "Letter Summariser"}
    today = [row for row in exported(dan, "compliance") if row["application"] in names]
    assert then == today  # the same inputs, judged as of the day
    counts = Counter((row["framework"], row["state"]) for row in then if row["department"] != "Treasury")
    retail = CoverageDay.objects.filter(department=estate.cast.retail, day=TODAY)
    states = [state for state in RequirementStatus.values if state != "not_assessed"]
    assert counts == Counter({(one.framework, state): getattr(one, state) for one in retail for state in states})
    framework, state = next((row["framework"], row["state"]) for row in then if row["state"] != "met")
    narrowed = exported(dan, "compliance", as_of=SECOND, framework=framework, state=state)
    assert narrowed == [row for row in then if (row["framework"], row["state"]) == (framework, state)]
    assert exported(dan, "compliance", as_of=SECOND, department="retail", kind="agent") == []


def test_requirements_are_those_that_were_judged_by_then(dan: Client, estate: Estate) -> None:
    judged_on, asked = TODAY - timedelta(days=20), TODAY - timedelta(days=2)
    stood(estate.scorer, judged_on, name="Scorer")
    judged(estate.scorer, judged_on, 50.0, "high")
    late = {"as_of": asked, "overdue": "yes"}
    assert exported(dan, "compliance", **late) == []  # what was promised passed since, and nobody judged it
    run = RescoreRun.objects.create(state=RunState.DONE, started_at=noon(judged_on), finished_at=noon(judged_on))
    assert exported(dan, "compliance", **late) == []
    began = noon(TODAY - timedelta(days=2))
    RescoreRun.objects.filter(pk=run.pk).update(started_at=began, finished_at=began)
    rows = exported(dan, "compliance", **late)
    assert {row["due"] for row in rows} == {(TODAY - timedelta(days=3)).isoformat()}
    RescoreRun.objects.filter(pk=run.pk).update(department=estate.cast.treasury)  # judged the others only
    assert exported(dan, "compliance", **late) == []


def test_everyone_takes_away_only_their_own(dan: Client, estate: Estate) -> None:
    dan.force_login(estate.cast.eve)
    for dataset in DATED:  # her departments have no figures of then
        answer = dan.get("/exports/download/", {"dataset": dataset, "as_of": FIRST})
        assert (answer.status_code, "before the first figures" in answer.content.decode()) == (400, True)
    row = DepartmentDay.objects.filter(department=estate.cast.treasury, principle="overall")[0]
    row.pk, row.day = None, FIRST
    row.save()
    for dataset in ("applications", "scores", "compliance"):
        assert exported(dan, dataset, as_of=FIRST) == []
    AIApplication.objects.filter(pk=estate.scorer.pk).update(department=estate.cast.treasury)
    dan.force_login(estate.cast.carol)
    assert [row["lifecycle"] for row in exported(dan, "applications", as_of=FIRST)] == ["idea"]
    assert exported(dan, "compliance", as_of=FIRST) == []


def test_page_and_command_give_the_same_and_say_which_day(dan: Client, estate: Estate, tmp_path: Path) -> None:
    card(estate.cast.root, next(iter(RULES)), ("found", noon(FIRST), 5))
    for dataset in DATED:
        out = tmp_path / f"{dataset}.json"
        options = ("--format", "json", "--out", str(out), "--as-of", SECOND.isoformat())
        call_command("export", dataset, *options, stdout=StringIO())
        assert json.loads(out.read_bytes()) == exported(dan, dataset, as_of=SECOND)
        assert Export.objects.latest("pk").as_of == SECOND
    body = dan.get("/exports/", {"dataset": "applications", "as_of": SECOND}).content.decode()
    assert f'name="as_of" value="{SECOND}"' in body
    assert f"as of {SECOND:%-d %b %Y}" in body


@pytest.mark.parametrize("dataset", sorted(set(DATASETS) - DATED))
def test_what_is_not_kept_by_day_is_refused(dan: Client, tmp_path: Path, dataset: str) -> None:
    made = Export.objects.count()
    answer = dan.get("/exports/download/", {"dataset": dataset, "as_of": FIRST})
    assert answer.status_code == 400
    assert "earlier days are not kept" in answer.content.decode()
    out = tmp_path / "out.csv"
    with pytest.raises(CommandError, match="Kept by day are: AI applications, Scores by principle"):
        call_command("export", dataset, "--out", str(out), "--as-of", FIRST.isoformat())
    assert (out.exists(), Export.objects.count()) == (False, made)


def test_a_day_to_come_is_refused(dan: Client, tmp_path: Path) -> None:
    ahead = TODAY + timedelta(days=1)
    for dataset in DATASETS:
        answer = dan.get("/exports/download/", {"dataset": dataset, "as_of": ahead})
        assert (answer.status_code, "lies ahead" in answer.content.decode()) == (400, True)
        with pytest.raises(CommandError, match="lies ahead"):
            call_command("export", dataset, "--out", str(tmp_path / "out"), "--as-of", ahead.isoformat())
