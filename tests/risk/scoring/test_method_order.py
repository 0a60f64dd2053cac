"""Circles, uses before their time, names taken twice, numbers that are none: refused by both doors, all at once."""

import re
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError

from risk import method
from tests.risk.scoring.test_method import CONTROLS, FACTS, SCORING, TABLE, VERSION, problems_after

IMPLIES = 'text: "Several agents exchange messages", implies: [app.agentic]'
AGENTIC = 'built on a generative model)", implies: [app.generative]'


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            FACTS,
            AGENTIC,
            'built on a generative model)", implies: [app.multi_agent]',
            r"facts.app.agentic.implies: goes in a circle: app.agentic → app.multi_agent → app.agentic",
        ),
        (FACTS, "implies: [app.agentic]", "implies: [app.multi_agent]", r"circle: app.multi_agent → app.multi_agent"),
        (FACTS, "implies: [app.agentic]", "implies: [app.agentic, app.agentic]", r"implies: app.agentic stands twice"),
        (FACTS, "  app.predictive:", "  autonomy:", r"facts.autonomy: autonomy is already the name"),
        (TABLE, "ask_if: q.p_d}", "ask_if: q.p_d_facts}", r"questions\[p_d_facts\].ask_if: goes in a circle"),
        (
            TABLE,
            "ask_if: q.p_d}",
            "ask_if: q.p_h}",
            r"questions\[p_d_facts\].ask_if: hangs on p_h, which is asked later",
        ),
        (
            TABLE,
            'id: S2, when: "!q.union_nexus"',
            'id: S2, when: "!q.union_nexus & eu_ai_act.minimal"',
            r"rules\[S2\].when: reads eu_ai_act.minimal, which only M1 derives, below it",
        ),
        (
            TABLE,
            'when: "q.gpai_provider & q.gpai_open"',
            'when: "q.gpai_provider & eu_ai_act.gpai_open_source"',
            r"rules\[G3\].when: goes in a circle: it reads eu_ai_act.gpai_open_source",
        ),
        (TABLE, "headline_order: [out_of_scope, ", "headline_order: [minimal, out_of_scope, ", r"minimal stands twice"),
        (TABLE, 'procedural: "(a)', 'any: "(a)', r"questions\[exemption\].options: the option any has a meaning"),
        (TABLE, "- {id: profiling, type", "- {id: autonomy, type", r"questions.autonomy: autonomy is already the name"),
        (SCORING, "signal_scale: 20 ", "signal_scale: .inf ", r"parameters.signal_scale: .*finite"),
        (SCORING, "caution: 0.7 ", "caution: .nan ", r"parameters.caution: "),
        (SCORING, "{none: 0.0, internal: 0.2", "{none: -0.1, internal: 0.2", r"data_sensitivity.options.none: "),
        (SCORING, "attested: 0.5", "attestd: 0.5", r"control_status: attested is missing"),
        (SCORING, "attested: 0.5", "attestd: 0.5", r"control_status: 'attestd' is not known"),
        (SCORING, "- {id: high, from: 50}", "- {id: hihg, from: 50}", r"bands: high is missing"),
        (SCORING, "  blocked_attacks: ", "  blocked_atacks: ", r"rate_signals: blocked_attacks is missing"),
        (CONTROLS, "[ownership_record, raci", "[raci, raci", r"controls\[GV-01\].evidence: raci stands twice"),
    ],
)
def test_each_is_named_with_its_place(file: str, old: str, new: str, said: str) -> None:
    found = problems_after((file, old, new))
    assert any(re.search(said, problem) for problem in found), found
    assert all("Mend: " in problem for problem in found)


def test_every_repeated_key_is_named() -> None:
    found = problems_after(
        (SCORING, "drift_signal:", "scale: {}\ndrift_signal: {}\ndrift_signal:"),
        (FACTS, "  app.has_memory:", "  app.predictive: {source: questionnaire, text: a}\n  app.has_memory:"),
    )
    for key in ("scale", "drift_signal", "app.predictive"):
        assert sum(f"the key '{key}' stands twice" in problem for problem in found) == 1, found


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A release with two faults in two files, its pins aside.

    Real files in another folder, not a reader put in place of the reader: a command imported meanwhile would keep that.
    """
    shutil.copytree(method.FOLDER, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for file, old, new in (
        ("facts.yaml", "implies: [app.agentic]", "implies: [app.multi_agent]"),
        ("controls.yaml", "severity: 4", "severity: 9"),
    ):
        path = tmp_path / VERSION / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(method, "FOLDER", tmp_path)
    monkeypatch.setattr(method, "_check_pins", lambda *args: None)
    method._load.cache_clear()
    yield
    method._load.cache_clear()


def test_manage_check_refuses_with_file_place_and_mend(broken: None) -> None:
    with pytest.raises(SystemCheckError) as refused:
        call_command("check", stderr=StringIO())
    text = str(refused.value)
    assert "method/controls.yaml: controls[GV-01].severity" in text
    assert "HINT: correct the value '9'" in text


def test_check_method_refuses_the_same(broken: None) -> None:
    with pytest.raises(CommandError, match=r"controls\[GV-01\].severity"):
        call_command("check_method", stdout=StringIO(), stderr=StringIO())


def test_manage_check_is_content_with_what_is_released() -> None:
    call_command("check", stdout=StringIO(), stderr=StringIO())
