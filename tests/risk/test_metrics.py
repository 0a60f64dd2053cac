"""Metrics that pipelines deliver move the score as the method says, and are shown on the application's page."""

from datetime import timedelta
from math import exp
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.models import AIApplication, Metric
from inventory.services.imports import import_file
from risk.models import CurrentScore
from risk.scoring.case import Measures
from risk.selectors import cases, signals
from risk.services.scores import rescore_changed
from tests.builders import make_application
from tests.cast import Cast


@pytest.fixture
def desk(cast: Cast) -> AIApplication:
    return make_application(cast.cards, "Claims Desk")


def deliver(folder: Path, *rows: tuple[str, str, float, int]) -> None:
    """Values as (metric, group, value, days ago)."""
    day = timezone.localdate()
    lines = [f"Claims Desk,{m},{g},{v},{day - timedelta(days=ago)}T00:00:00Z" for m, g, v, ago in rows]
    path = folder / "metrics.csv"
    path.write_text("\n".join(["system,metric,group,value,time", *lines]))
    assert import_file(actor=None, path=path).stored == len(rows)


def measured(application: AIApplication) -> Measures | None:
    return signals.measures([application.pk], timezone.localdate()).get(application.pk)


def test_the_latest_value_counts_and_of_groups_the_worst(desk: AIApplication, tmp_path: Path) -> None:
    deliver(
        tmp_path,
        ("drift", "age", 0.1, 1),
        ("drift", "age", 0.9, 5),
        ("drift", "income", 0.3, 2),
        ("override_rate", "", 40.0, 3),
        ("selection_rate", "women", 0.6, 3),
    )
    assert measured(desk) == Measures(4, {"drift": 0.3, "override_rate": 40.0})


def test_only_the_window_counts_and_nothing_below_zero(desk: AIApplication, tmp_path: Path) -> None:
    deliver(tmp_path, ("drift", "", 0.5, 30), ("override_rate", "", -3.0, 29))
    assert measured(desk) == Measures(1, {"override_rate": 0.0})
    assert signals.measures([desk.pk], timezone.localdate() - timedelta(days=90)) == {}


def test_they_press_as_the_method_says(desk: AIApplication, tmp_path: Path) -> None:
    before = cases.judge_now(desk, timezone.localdate())
    assert not before.inputs.signals.telemetry
    deliver(tmp_path, ("drift", "", 0.4, 1), ("harmful_output_reports", "", 1.0, 1), ("override_rate", "", 50, 1))
    after = cases.judge_now(desk, timezone.localdate())
    given = after.inputs.signals
    assert (given.telemetry, given.drift) == (True, 0.4)
    assert given.rates == {"harmful_output_reports": 1.0, "override_rate": 50.0}
    low = before.score.principles["reliability_safety"].low
    load = 5 * 0.4 / 0.2 + 5 * 1 / 0.5 + 3 * 50 / 100  # severity · value / tolerance, all with weight 1 (method.md, 4)
    pressed = low + (100 - low) * 0.5 * (1 - exp(-load / 20))
    assert after.score.principles["reliability_safety"].low == pytest.approx(pressed)
    assert after.score.principles["transparency"].low == pytest.approx(before.score.principles["transparency"].low)


def test_a_metric_of_any_kind_is_telemetry(desk: AIApplication, tmp_path: Path) -> None:
    blind = cases.judge_now(desk, timezone.localdate()).score
    deliver(tmp_path, ("selection_rate", "women", 0.6, 1))
    seen = cases.judge_now(desk, timezone.localdate()).score
    assert (seen.low, seen.high < blind.high) == (blind.low, True)


def test_a_delivery_rescores_the_application(desk: AIApplication, tmp_path: Path) -> None:
    rescore_changed()
    before = CurrentScore.objects.get(pk=desk.pk).overall_point
    deliver(tmp_path, ("drift", "", 2.0, 0))
    assert rescore_changed().applications == 1
    row = CurrentScore.objects.get(pk=desk.pk)
    assert row.overall_low > 0
    assert row.overall_point != before
    assert row.overall_point == pytest.approx(cases.judge_now(desk, timezone.localdate()).score.point)


def page(client: Client, user: Any, application: AIApplication) -> Any:
    client.force_login(user)
    return client.get(reverse("risk:activity", args=[application.pk]))


def test_the_page_shows_groups_and_their_ratio(desk: AIApplication, cast: Cast, client: Client, tmp_path: Path) -> None:
    deliver(
        tmp_path,
        ("selection_rate", "women", 0.6, 1),
        ("selection_rate", "<b>men</b>", 0.8, 1),
        ("drift", "", 0.4, 1),
    )
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.ada):
        text = page(client, person, desk).content.decode()
        assert "&lt;b&gt;men&lt;/b&gt; 0.8, women 0.6" in text
        assert "0.75" in text
        assert text.index("Drift<") < text.index("Selection rate<")
    assert page(client, cast.eve, desk).status_code == 404


def test_the_page_asks_as_much_for_many_metrics_as_for_few(
    desk: AIApplication, cast: Cast, client: Client, tmp_path: Path
) -> None:
    counts = []
    for many in (3, 30):
        Metric.objects.all().delete()
        deliver(tmp_path, *((f"metric_{n}", f"g{g}", 0.5, 1) for n in range(many) for g in range(2)))
        page(client, cast.alice, desk)
        with CaptureQueriesContext(connection) as found:
            page(client, cast.alice, desk)
        counts.append(len(found))
    assert counts[0] == counts[1]
