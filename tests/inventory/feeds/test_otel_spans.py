"""Traces of applications that watch themselves: a trace is one interaction of a service, and content stays out."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from inventory.connectors.base import Ignored, Interaction, Unreadable
from inventory.connectors.content import record_key
from inventory.models import DailyUsage, Sighting
from inventory.models import Interaction as Stored
from inventory.services.imports import Summary, import_file, reading
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES, items, write
from tests.inventory.feeds.test_records import VALUES

FOLDER = SAMPLES / "otel_spans"
SECRETS = (b"TOP SECRET PROMPT", b"SECRET ANSWER", b"SECRET")


def ingest(path: Path) -> Summary:
    summary = import_file(actor=None, path=path)
    assert summary.kind == "otel_spans"
    assert summary.rows == summary.stored + summary.duplicates + summary.quarantined + summary.ignored
    return summary


@pytest.fixture(autouse=True)
def _any_age(settings: Settings) -> None:
    settings.INTERACTION_RETENTION_DAYS = 100_000


def test_spans_that_ask_a_model_are_interactions_and_steps_are_not() -> None:
    found = items((FOLDER / "many.json").read_bytes(), "otel_spans")
    kinds = [type(one) for one in found]
    assert kinds == [Interaction, Ignored, Interaction, Interaction, Ignored, Interaction, Interaction, Ignored]
    assert [one.line for one in found] == [1, 2, 3, 4, 5, 6, 7, 8]
    asked = [one for one in found if isinstance(one, Interaction)]
    assert len({record_key(one.record_id) for one in asked}) == 3  # traces
    lending, claims = asked[0], asked[-1]
    assert (lending.seen.app_identity, lending.seen.host) == ("lending-assistant", "nw-lending.openai.azure.com")
    assert lending.user == "lending.analyst1@northwind.example"
    assert {(one.seen.agent_id, one.seen.agent_name) for one in asked[3:]} == {("asst_77", "ClaimsTriage")}
    assert claims.at.isoformat() == "2026-07-14T11:53:19+00:00"
    assert not [one for one in asked for secret in SECRETS if secret.decode() in repr(one)]


def test_odd_exports_are_read() -> None:
    model, svc, flat, old = items((FOLDER / "odd.jsonl").read_bytes(), "otel_spans")
    assert (model.seen.app_identity, model.seen.app_name, model.seen.name) == ("", "gpt-4o", "gpt-4o")
    assert (svc.seen.app_name, svc.at.isoformat()) == ("", "2026-07-14T09:00:00+00:00")
    assert (flat.seen.app_identity, flat.user) == ("flat", "42")
    assert (old.seen.app_identity, old.seen.host) == ("", "nw-lending.openai.azure.com")


def test_hostile_spans_go_to_quarantine_without_their_content() -> None:
    found = items((FOLDER / "hostile.jsonl").read_bytes(), "otel_spans")
    assert [type(one) for one in found] == [Unreadable] * 6 + [Interaction, Unreadable]
    assert len({one.line for one in found}) == len(found)
    assert not [one for one in found if isinstance(one, Unreadable) and b"SECRET" in one.raw]
    assert found[6].seen.agent_name == "<b>=1+1</b>"


ODD = st.dictionaries(
    st.sampled_from(
        ["resource", "scopeSpans", "spans", "attributes", "traceId", "spanId", "startTimeUnixNano", "events"]
    ),
    VALUES,
)


@given(ODD, st.lists(VALUES, max_size=3))
def test_no_span_breaks_the_reader(odd: dict[str, Any], spans: list[Any]) -> None:
    whole = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [*spans, odd]}]}, odd]}
    for one in items(json.dumps(whole), "otel_spans"):
        assert isinstance(one, Interaction | Ignored | Unreadable)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("none.json", (0, 0, 0, 0)),
        ("one.json", (1, 0, 0, 0)),
        ("many.json", (3, 2, 0, 3)),
        ("odd.jsonl", (4, 0, 0, 0)),
        ("hostile.jsonl", (1, 0, 7, 0)),
    ],
)
def test_each_sample_is_counted_to_the_span_and_again_stores_nothing(name: str, counts: tuple[int, ...]) -> None:
    first, again = ingest(FOLDER / name), ingest(FOLDER / name)
    assert (first.stored, first.duplicates, first.quarantined, first.ignored) == counts
    stored, duplicates, *rest = counts
    assert (again.stored, again.duplicates, again.quarantined, again.ignored) == (0, stored + duplicates, *rest)


def test_a_service_an_agent_or_a_model_names_the_application(cast: Cast) -> None:
    lending = make_application(cast.cards, "Lending", identifiers=[("app_identity", "lending-assistant")])
    claims = make_application(cast.cards, "Claims", identifiers=[("agent_id", "asst_77")])
    model = make_application(cast.cards, "Model", identifiers=[("app_identity", "gpt-4o")])
    ingest(FOLDER / "many.json")
    ingest(FOLDER / "odd.jsonl")
    found = dict(DailyUsage.objects.exclude(application=None).values_list("application__name", "interactions"))
    assert found == {lending.name: 2, claims.name: 1, model.name: 1}
    assert set(Sighting.objects.values_list("name", flat=True)) == {"svc", "flat", "nw-lending.openai.azure.com"}


@pytest.mark.django_db
def test_a_trace_is_counted_once_however_its_spans_are_exported(tmp_path: Path) -> None:
    whole = json.loads((FOLDER / "many.json").read_text())
    lines = []
    for resource in whole["resourceSpans"]:
        for span in reversed(resource["scopeSpans"][0]["spans"]):
            lines.append(json.dumps({"resourceSpans": [{**resource, "scopeSpans": [{"spans": [span]}]}]}))
    summary = ingest(write(tmp_path, "spans.jsonl", "\n".join(lines)))
    assert (summary.stored, summary.duplicates, summary.ignored) == (3, 2, 3)
    assert ingest(FOLDER / "many.json").stored == 0


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_chunks_that_end_within_a_record_lose_nothing(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", rows)
    summary = ingest(FOLDER / "many.json")
    assert (summary.rows, summary.stored, summary.duplicates, summary.ignored) == (8, 3, 2, 3)
    found = list(reading.read(FOLDER / "many.json", "otel_spans", 7, "2000-01-01T00:00:00+00:00"))
    assert sum(one.rows for one in found) == 2


@pytest.mark.django_db
def test_no_prompt_and_no_answer_is_anywhere_in_the_database() -> None:
    for name in ("many.json", "hostile.jsonl"):
        ingest(FOLDER / name)
    assert Stored.objects.count() == 4
    with connection.cursor() as cursor:
        for table in ("interaction", "sighting", "quarantinedrow", "seenuser", "importbatch", "auditlogentry"):
            cursor.execute(f"SELECT count(*) FROM inventory_{table} t WHERE t::text LIKE '%SECRET%'")
            assert cursor.fetchone() == (0,)
