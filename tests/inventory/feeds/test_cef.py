"""Lines of the Common Event Format: visits and alerts of Defender for Cloud Apps in one file, and logs of proxies."""

import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from inventory.choices import BatchState, IdentifierKind
from inventory.connectors import cef, chunks, prompts
from inventory.connectors.base import VISIT, Ignored, Item, SecurityAlert, Seen, Unreadable, Visit
from inventory.connectors.delimited import Row, as_utf8
from inventory.connectors.registry import recognise
from inventory.models import Alert, ChangedApplication, Interaction, Sighting
from inventory.services import imports
from inventory.services.imports import import_file, undo
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES, write
from tests.inventory.feeds.test_activity_explorer import activity
from tests.inventory.feeds.test_undo import everything, take, take_back

ANN = "ann@alderfinch.example"
AGENT = "CEF:0|MCAS|SIEM_Agent|0.111.85|"


@pytest.fixture
def any_age(settings: Settings, tmp_path: Path) -> None:
    settings.INTERACTION_RETENTION_DAYS = 36500  # samples don't grow old
    settings.MEDIA_ROOT = tmp_path / "uploads"


def opened(raw: bytes) -> Any:
    return io.BufferedReader(io.BytesIO(raw))


def items(raw: bytes, kind: str = "security_alerts") -> list[Item]:
    connector = recognise(opened(raw))
    assert connector.kind == kind
    return list(connector.read(as_utf8(opened(raw))))


def sample(name: str, kind: str = "security_alerts") -> list[Item]:
    return items((SAMPLES / "cef" / name).read_bytes(), kind)


def log(*lines: str) -> str:
    return "".join(f"2026-07-14T15:04:00Z {AGENT}{line}\n" for line in lines)


def visit(number: int, app: str = "ChatGPT", user: str = ANN, days: float = 1) -> str:
    at = round((timezone.now().timestamp() - days * 86400) * 1000)
    told = f"externalId=v{number} rt={at} suser={user} destinationServiceName={app}"
    return f"EVENT_CATEGORY_UPLOAD_FILE|Upload file|0|{told}"


def alert(number: int, app: str = "ChatGPT", name: str = "Upload to GenAI", kind: str = "ALERT_X") -> str:
    at = round(timezone.now().timestamp() * 1000)
    return f"{kind}|{name}|5|externalId=a{number} start={at} msg=by {ANN} suser={ANN} destinationServiceName={app}"


def event(line: str) -> cef.Event:
    found = cef.event(Row(1, line.encode()))
    assert isinstance(found, cef.Event)
    return found


def test_an_activity_is_a_visit_and_an_alert_an_alert() -> None:
    seen, warned = sample("many.log")
    assert seen == Visit(
        1,
        "1784041440000_2b1f",
        datetime(2026, 7, 14, 15, 4, tzinfo=UTC),
        "marketing.user3@northwind.example",
        Seen(app_name="ChatGPT", operation=VISIT),
        0,
    )
    assert isinstance(warned, SecurityAlert)
    assert (warned.line, warned.alert_id, warned.type) == (
        2,
        "6a76f0000000000000000001",
        "ALERT_CABINET_EVENT_MATCH_AUDIT",
    )
    assert (warned.title, warned.severity, warned.state) == ("Upload to GenAI", "medium", "active")
    assert warned.at == datetime(2026, 7, 14, 15, 4, 20, 531000, UTC)
    assert warned.entities == (("account", "marketing.user3@northwind.example"), ("application", "ChatGPT"))
    assert b"59f0ab82f797fa0681e9b1c7" in warned.raw  # the policy, of which nothing else is kept


def test_what_is_escaped_is_read_as_it_was() -> None:
    comment, first, second, third, again = sample("odd.log")
    assert comment == Ignored(1)
    assert isinstance(second, SecurityAlert)
    assert (second.title, second.severity) == ("New | country \\ region", "high")
    assert second.at == datetime(2026, 7, 14, 15, 4, 20, tzinfo=UTC)
    assert isinstance(third, SecurityAlert)
    assert (third.severity, third.at) == ("high", datetime(2026, 7, 14, 15, 4, 20, tzinfo=UTC))
    assert isinstance(first, Visit)
    assert isinstance(again, Visit)
    assert (first.record_id, first.at) == (again.record_id, again.at)
    told = event(r"CEF:0|a\|b|c\\|1|x|y|0|msg=a \= b \| c cs1Label=Portal URL cs1=u?a\=1 cs2Label=none cs2= last=1 2")
    assert (told.vendor, told.product) == ("a|b", "c\\")
    assert told.fields["msg"] == "a = b | c"
    assert told.fields["portal url"] == told.fields["cs1"] == "u?a=1"
    assert "none" not in told.fields
    assert told.fields["last"] == "1 2"


def test_the_number_that_a_proxy_counts_by_itself_names_no_visit() -> None:
    line = "CEF:0|Gatewatch|Web Proxy|9.1|100|Request|2|externalId=7 rt={} suser=ann request=https://claude.ai/\n"
    raw = "".join(line.format(at) for at in (1784041440000, 1784041460000))
    one, other = items(raw.encode(), "cloud_discovery")
    assert isinstance(one, Visit)
    assert isinstance(other, Visit)
    assert one.record_id != other.record_id
    assert "7" not in (one.record_id, other.record_id)


@pytest.mark.parametrize(
    ("written", "severity"),
    [
        *(("0", "medium"), ("3", "medium"), ("4", "medium"), ("6", "medium"), ("7", "high"), ("10", "high")),
        *(("Low", "low"), ("High", "high"), ("Very-High", "high"), ("x", "medium"), ("", "medium")),
    ],
)
def test_no_number_alone_makes_an_alert_low(written: str, severity: str) -> None:
    (found,) = items(f"{AGENT}ALERT_X|t|{written}|externalId=1 start=1784041460531\n".encode())
    assert isinstance(found, SecurityAlert)
    assert found.severity == severity


def test_what_can_be_read_of_a_hostile_log_is_read() -> None:
    cut, never, nameless, odd, foreign, half = sample("hostile.log")
    reasons = [one.reason for one in (cut, never, nameless, foreign) if isinstance(one, Unreadable)]
    assert reasons == [
        "The line ends within its header.",
        "The line has no time that can be read.",
        "The alert has no SystemAlertId.",
        "The line is none of the Common Event Format.",
    ]
    assert isinstance(nameless, Unreadable)
    assert nameless.raw.startswith(b"CEF:0|")
    assert isinstance(odd, SecurityAlert)
    assert odd.severity == "high"
    assert isinstance(half, Visit)


def test_a_proxy_writes_visits_alone_and_no_query_is_kept() -> None:
    sent, blocked, update, timeless = sample("proxy.log", "cloud_discovery")
    assert isinstance(sent, Visit)
    assert (sent.seen.host, sent.uploaded, sent.user) == ("chatgpt.com", 45102, "marketing.user3@northwind.example")
    assert (blocked, update) == (Ignored(2), Ignored(3))
    assert isinstance(timeless, Unreadable)
    assert b"secret" not in timeless.raw
    assert b"gemini" in timeless.raw


@pytest.mark.parametrize(
    "raw",
    [
        b"time,message\n2026-07-14,CEF:0|MCAS|SIEM_Agent|1|ALERT_X|t|1|\n",
        b'[{"message": "x CEF:0|MCAS|SIEM_Agent|1|ALERT_X|t|1|"}]',
        b"CEF: nothing of the kind\n",
    ],
)
def test_a_line_within_another_file_makes_no_log(raw: bytes) -> None:
    assert not cef.is_cef(raw)


def test_a_log_whose_first_line_is_broken_is_known() -> None:
    cut, seen = items(b"4:00Z half a line\n" + log(visit(1)).encode())
    assert isinstance(cut, Unreadable)
    assert isinstance(seen, Visit)


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"CEF:0|", b"CEF:0|a|b|c|d|e|f|", AGENT.encode() + b"ALERT_|x|1|"])
)
def test_no_bytes_crash_the_reader(raw: bytes, before: bytes) -> None:
    first = log(visit(1)).encode()
    found = items(first + before + raw)
    assert all(isinstance(one, Visit | SecurityAlert | Ignored | Unreadable) for one in found)
    assert isinstance(found[0], Visit)


@given(
    st.lists(st.sampled_from([" ", "=", "|", "\\", "a", "cs1", "Label", "cs1Label=x", "cs1=", '"', "\n"]), max_size=60)
)
def test_every_line_becomes_one_item(parts: list[str]) -> None:
    text = f"{AGENT}ALERT_X|t|1|" + "".join(parts)
    whole = [line for line in text.split("\n") if line.strip()]
    assert len(items(text.encode())) == len(whole)


WORDS = [
    "User",
    " prompt",
    "PROMPT",
    "İ",
    "\n",
    "\u200b",
    "-",
    " ",
    ": ",
    '"x y z"',
    "“a b”",
    "pro",
    "mpt",
    "asked",
    "\x00",
]
written_words = st.lists(st.sampled_from([*WORDS, "Model response", "Completion", "said"]), max_size=6).map("".join)


@given(st.dictionaries(written_words, written_words | st.dictionaries(written_words, written_words), max_size=3))
def test_what_is_passed_over_at_a_glance_quotes_nothing(record: dict[str, Any]) -> None:
    if not prompts.may_quote(orjson.dumps(record)):
        assert prompts.without(record)[1] == ""


@pytest.mark.django_db
@pytest.mark.usefixtures("any_age")
def test_visits_and_alerts_of_an_app_go_to_where_it_is_registered(cast: Cast, tmp_path: Path) -> None:
    application = make_application(cast.retail, identifiers=[(IdentifierKind.HOST, "chatgpt.com")])
    named = make_application(cast.retail, "Ours", identifiers=[(IdentifierKind.APP_IDENTITY, "House Assistant")])
    text = log(
        visit(1), visit(2, "House Assistant"), visit(3, "Claude"), visit(4, "ServiceNow"), visit(1), visit(5, "Word"),
        alert(1), alert(2, "House Assistant"), alert(3, "Claude"), alert(4, "ServiceNow"), alert(5, ""),
    )  # fmt: skip
    found = import_file(actor=None, path=write(tmp_path, "agent.log", text))
    counts = (found.rows, found.stored, found.duplicates, found.quarantined, found.ignored, found.unmatched)
    assert counts == (11, 6, 1, 0, 4, 2)
    tied = dict(Alert.objects.values_list("external_id", "application"))
    assert tied == {"a1": application.pk, "a2": named.pk, "a3": None}
    assert ANN not in Alert.objects.get(external_id="a1").description
    assert Interaction.objects.filter(application=application).count() == 1
    assert Interaction.objects.filter(application=named).count() == 1
    assert list(Sighting.objects.values_list("name", "visits")) == [("claude.ai", 1)]
    assert set(ChangedApplication.objects.values_list("application", flat=True)) >= {application.pk, named.pk}
    again = import_file(actor=None, path=write(tmp_path, "agent.log", text))
    assert (again.stored, again.duplicates, again.ignored) == (0, 7, 4)


@pytest.mark.django_db
def test_visits_older_than_what_is_kept_are_ignored(settings: Settings, tmp_path: Path) -> None:
    days = settings.INTERACTION_RETENTION_DAYS
    text = log(visit(1, days=days + 1), visit(2, days=days - 1))
    found = import_file(actor=None, path=write(tmp_path, "agent.log", text))
    assert (found.rows, found.stored, found.ignored) == (2, 1, 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("any_age")
def test_a_log_is_undone_with_all_that_it_brought(cast: Cast) -> None:
    take(log(visit(1), alert(1)), "one.log")
    before = everything()
    second = take(log(visit(1), visit(2, "Claude"), alert(2, "Claude")), "two.log")
    assert second.stored == 2
    assert dict(undo.effect(second).takes) == {
        "alerts": 1,
        "interactions": 1,
        "registered applications whose figures change": 0,
        "unregistered AI apps whose figures change": 1,
    }
    take_back(second)
    assert (second.state, everything()) == (BatchState.UNDONE, before)
    third = take(log(visit(3), alert(1, name="Called another name")), "three.log")
    assert "up to date" in undo.effect(third).refusal
    assert imports.run_waiting() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("any_age")
def test_a_log_whose_word_on_alerts_was_said_anew_is_refused_in_words_about_alerts(cast: Cast) -> None:
    take(log(alert(1)), "one.log")
    second = take(log(visit(1), alert(1, name="Another name")), "two.log")
    take(log(alert(1, name="A third name")), "three.log")
    assert undo.effect(second).refusal.startswith(
        "Of the 2 alerts and visits it stored, 1 is still as it brought them. What it said of other files' alerts"
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("any_age")
@pytest.mark.parametrize("log_first", [True, False])
def test_a_visit_that_the_explorer_tells_too_counts_once(log_first: bool, tmp_path: Path) -> None:
    at = timezone.now().replace(second=0, microsecond=0) - timedelta(days=1)
    told = re.sub(r"rt=\d+", f"rt={round(at.timestamp() * 1000)}", visit(1))
    seen = activity(1, "AI website visit", Happened=at.isoformat(), TargetDomain="chatgpt.com")
    files = [write(tmp_path, "agent.log", log(told)), write(tmp_path, "explorer.json", json.dumps([seen]))]
    for path in files if log_first else reversed(files):
        import_file(actor=None, path=path)
    assert Interaction.objects.get().batch.kind == "security_alerts"


def test_chunks_of_alerts_stay_small_because_each_is_kept_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "FIRST_ROWS", 2)
    monkeypatch.setattr(chunks, "MOST_WHOLE_ROWS", 3)
    path = tmp_path / "alerts.log"
    path.write_text(log(*(alert(number) for number in range(9))))
    task = chunks.Task(str(path), "security_alerts", 0, "2000-01-01T00:00:00+00:00", 100)
    assert [chunk.rows for chunk in chunks.read(task)] == [2, 3, 3, 1]
