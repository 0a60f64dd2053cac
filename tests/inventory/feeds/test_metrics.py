"""Metrics of AI systems: read, tied to an application, corrected, and told to be judged by."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from inventory.connectors.base import MetricValue, Unreadable
from inventory.connectors.metrics import metric_key
from inventory.connectors.registry import CONNECTORS
from inventory.models import ChangedApplication, Metric
from inventory.services.imports import Summary, import_file
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES, items, write
from tests.inventory.feeds.test_records import VALUES

FOLDER = SAMPLES / "metrics"


@pytest.fixture(autouse=True)
def _any_age(settings: Settings) -> None:
    settings.INTERACTION_RETENTION_DAYS = 100_000


def ingest(path: Path) -> Summary:
    summary = import_file(actor=None, path=path)
    assert summary.kind == "metrics"
    assert summary.rows == summary.stored + summary.duplicates + summary.quarantined + summary.ignored
    return summary


def test_values_are_read_with_their_unit_and_group() -> None:
    found = items((FOLDER / "many.csv").read_bytes(), "metrics")
    assert [(one.metric, one.group, one.value) for one in found] == [
        ("drift", "income", 0.31),
        ("drift", "age", 0.12),
        ("selection_rate", "women", 0.61),
        ("selection_rate", "men", 0.78),
        ("override_rate", "", 120.0),
        ("harmful_output_reports", "", 0.4),
        ("drift", "", 0.05),
    ]


def test_odd_spellings_mean_the_same_and_the_rest_has_a_reason() -> None:
    *read, much, no_metric, no_system, some_day = items((FOLDER / "odd.csv").read_bytes(), "metrics")
    assert [(one.metric, one.value, one.at.isoformat()) for one in read] == [
        ("drift", 0.31, "2026-07-14T08:00:00+00:00"),
        ("drift", 0.32, "2026-07-14T09:12:36+00:00"),
        ("override_rate", 5.0, "2026-07-14T06:00:00.123456+00:00"),
    ]
    reasons = [one.reason for one in (much, no_metric, no_system, some_day)]
    assert [reason.split(".")[0] for reason in reasons] == [
        "The value is no number",
        "The row names no metric",
        "The row names no system",
        "The row has no time that can be read",
    ]


@pytest.mark.parametrize("name", ["Override rate", "override-rate", " OVERRIDE_RATE ", "Human override rate"])
def test_a_metric_has_one_name(name: str) -> None:
    assert metric_key(name) == "override_rate"


@given(st.dictionaries(st.sampled_from(["system", "metric", "group", "value", "time", "unit"]), VALUES))
def test_no_value_breaks_the_reader(odd: dict[str, Any]) -> None:
    whole = {"system": "s", "metric": "m", "value": 1, "time": "2026-07-14"}
    # not recognised: a record of which one member, "value", is a list is taken for what wraps a list of records
    raw = io.BufferedReader(io.BytesIO(json.dumps([whole, odd]).encode()))
    for one in CONNECTORS["metrics"].read(raw):
        assert isinstance(one, MetricValue | Unreadable)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "stored", "quarantined"),
    [("none.csv", 0, 0), ("one.csv", 1, 0), ("many.csv", 7, 0), ("odd.csv", 3, 4), ("hostile.json", 1, 5)],
)
def test_each_sample_is_counted_to_the_row_and_again_stores_nothing(name: str, stored: int, quarantined: int) -> None:
    first, again = ingest(FOLDER / name), ingest(FOLDER / name)
    assert (first.stored, first.duplicates, first.quarantined) == (stored, 0, quarantined)
    assert (again.stored, again.duplicates, again.quarantined) == (0, stored, quarantined)


@pytest.mark.django_db
def test_a_later_value_of_the_same_measurement_corrects_it(tmp_path: Path) -> None:
    ingest(FOLDER / "one.csv")
    header, row = (FOLDER / "one.csv").read_text().splitlines()
    corrected = [header, row, row.replace("0.31", "0.29")]
    summary = ingest(write(tmp_path, "m.csv", "\n".join(corrected)))
    assert (summary.stored, summary.duplicates) == (1, 1)
    assert Metric.objects.get().value == 0.29
    again = ingest(FOLDER / "one.csv")  # the file of before takes no correction back
    assert (again.stored, again.duplicates) == (0, 1)
    assert Metric.objects.get().value == 0.29


@pytest.mark.parametrize("system", ["Claims Desk", "claims desk", "claims.alderfinch.example", "agent-7", "EXTERNAL"])
def test_a_system_is_named_by_any_identifier_its_number_or_its_name(system: str, cast: Cast, tmp_path: Path) -> None:
    identifiers = [("host", "claims.alderfinch.example"), ("agent_id", "agent-7")]
    desk = make_application(cast.cards, "Claims Desk", identifiers=identifiers)
    ChangedApplication.objects.all().delete()
    named = desk.external_id if system == "EXTERNAL" else system
    summary = ingest(write(tmp_path, "m.csv", f"system,metric,value,time\n{named},drift,1,2026-07-14\n"))
    assert (summary.stored, summary.unmatched) == (1, 0)
    assert Metric.objects.get().application == desk
    assert ChangedApplication.objects.filter(application=desk).exists()


@pytest.mark.parametrize(("name", "system"), [("Straßenlage", "STRASSENLAGE"), ("İzmir Desk", "i̇zmir desk")])
def test_names_of_systems_meet_those_of_the_register_in_one_folding(
    name: str, system: str, cast: Cast, tmp_path: Path
) -> None:
    """`lower()` of SQL folds neither as Python does."""
    application = make_application(cast.cards, name)
    for written in (name, system):
        ingest(write(tmp_path, "m.csv", f"system,metric,value,time\n{written},drift,1,2026-07-14\n"))
    assert list(Metric.objects.values_list("application", flat=True)) == [application.pk]


def test_a_name_that_two_have_is_nobodys_until_an_identifier_says_whose(cast: Cast, tmp_path: Path) -> None:
    for department in (cast.cards, cast.treasury):
        make_application(department, "Twin")
    text = "system,metric,value,time\nTwin,drift,1,2026-07-14\n"
    assert ingest(write(tmp_path, "m.csv", text)).unmatched == 1
    mine = make_application(cast.cards, "Third", identifiers=[("app_identity", "twin")])
    again = ingest(write(tmp_path, "m.csv", text))
    assert (again.stored, again.unmatched) == (1, 0)
    assert Metric.objects.get().application == mine
