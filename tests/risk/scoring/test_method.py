"""The reader of the method: released files are pinned, and whatever is wrong in a file is said, all of it at once."""

import re
from collections.abc import Callable
from datetime import date

import pytest

from risk.method import MethodError, _load, load_method, read_method, released_texts, releases
from risk.method.description import describe
from risk.scoring.method import Method

VERSION = "2026.1"
FACTS, CONTROLS = "method/facts.yaml", "method/controls.yaml"
TABLE, SCORING = "method/classification.yaml", "method/scoring.yaml"
ACT, UNCOVERED = "frameworks/eu_ai_act.yaml", "frameworks/uncovered.yaml"


def problems_after(*changes: tuple[str, str, str]) -> list[str]:
    """What the reader says after replacing text once in each file."""
    texts = released_texts(VERSION)
    for file, old, new in changes:
        before = texts[file].decode()
        assert old in before, old
        texts[file] = before.replace(old, new, 1).encode()
    with pytest.raises(MethodError) as caught:
        read_method(texts, "draft", date(2026, 11, 22))
    return [str(problem) for problem in caught.value.problems]


def test_newest_release_is_loaded_once(method: Method) -> None:
    assert method.version == list(releases())[-1]
    assert load_method(method.version).digest == method.digest
    assert load_method() is method
    assert (len(method.controls), len(method.frameworks), len(method.requirements)) == (80, 13, 395)


def test_unknown_version_is_named_with_the_known_ones() -> None:
    with pytest.raises(MethodError, match=r"1999\.1.*name one of 2026\.1"):
        load_method("1999.1")


def test_released_files_are_pinned_and_unchanged() -> None:
    """A released file never changes: a change is a new version in a new folder."""
    for version in releases():
        assert load_method(version).version == version


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.update({SCORING: t[SCORING] + b"\n"}), "differs from what was released"),
        (lambda t: t.pop(ACT), "is pinned but missing"),
        (lambda t: t.update({"frameworks/new.yaml": b"{}"}), "is not pinned"),
    ],
)
def test_a_changed_release_is_refused(
    change: Callable[[dict[str, bytes]], object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = released_texts(VERSION)
    change(texts)
    monkeypatch.setattr("risk.method.released_texts", lambda version: texts)
    _load.cache_clear()
    try:
        with pytest.raises(MethodError, match=said):
            load_method(VERSION)
    finally:
        _load.cache_clear()


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            SCORING,
            "people: 0.30, eu_class: 0.15}",
            "people: 0.40, eu_class: 0.15}",
            r"impact_weights.fairness: adds up to 1.1",
        ),
        (SCORING, "caution: 0.7 ", "caution: 1.7 ", r"parameters.caution: .*less than or equal to 1"),
        (SCORING, "caution: 0.7 ", "cautoin: 0.7 ", r"parameters.cautoin: .*remove this key, or correct its spelling"),
        (SCORING, "{id: moderate, from: 25}", "{id: moderate, from: 60}", r"bands: do not rise"),
        (SCORING, "{fairness: 1, ", "{", r"overall_weights: fairness is missing"),
        (
            SCORING,
            "drift_signal:",
            "drift_signal: {}\ndrift_signal:",
            r"line \d+, column 1: the key 'drift_signal' stands twice",
        ),
        (CONTROLS, "severity: 4", "severity: 9", r"controls\[GV-01\].severity: .*less than or equal to 5"),
        (CONTROLS, "- id: GV-02", "- id: GV-01", r"controls\[GV-01\]: stands twice"),
        (
            CONTROLS,
            '"eu_ai_act:16"',
            '"eu_ai_act:1600"',
            r"controls\[GV-01\].satisfies: no requirement 'eu_ai_act:1600'",
        ),
        (
            CONTROLS,
            'applies_when: "app.agentic"',
            'applies_when: "app.agnetic"',
            r"applies_when: 'app.agnetic' is not known",
        ),
        (CONTROLS, 'applies_when: "app.agentic"', 'applies_when: "app.agentic &"', r"applies_when: .*found the end"),
        (
            CONTROLS,
            "ownership_record, raci",
            "ownership_record, raic",
            r"controls\[GV-01\].evidence: no evidence kind 'raic'",
        ),
        (CONTROLS, "{accountability: 1.0, inclusiveness: 0.3}", "{charm: 1.0}", r"no principle 'charm'"),
        (
            FACTS,
            "implies: [app.agentic]",
            "implies: [app.agnetic]",
            r"facts.app.multi_agent.implies: no fact 'app.agnetic'",
        ),
        (TABLE, 'when: "q.p_a"', 'when: "q.p_zz"', r"rules\[P_a\].when: 'q.p_zz' is not known here"),
        (TABLE, "ask_if: q.p_d}", "ask_if: q.nope}", r"questions\[p_d_facts\].ask_if: 'q.nope' is not known here"),
        (
            TABLE,
            'class: out_of_scope, articles: ["3(1)"]',
            'class: nowhere, articles: ["3(1)"]',
            r"rules\[S1\].class: no class",
        ),
        (TABLE, "- {id: S2,", "- {id: S1,", r"rules\[S1\]: stands twice"),
        (TABLE, "facts: [eu_ai_act.in_scope]", "facts: [app.generative]", r"has source questionnaire"),
        (ACT, 'parent: "CH-I"', 'parent: "CH-0"', r"requirements\[4\].parent: no group 'CH-0'"),
        (ACT, "obligation_from: 2025-02-02", "obligation_from: soon", r"requirements\[4\].obligation_from"),
        (ACT, 'id: "eu_ai_act"', 'id: "eu_act"', r"id: is 'eu_act'.*name the file after"),
        (UNCOVERED, '"dora:5"', '"dora:55"', r"dora:55: is no requirement"),
        (
            UNCOVERED,
            '  "dora:5": "Management body of the financial entity."\n',
            "",
            r"requirements\[5\]: no control satisfies",
        ),
        (UNCOVERED, '"dora:5"', '"dora:8.1"', r"dora:8.1: is satisfied by GV-02"),
    ],
)
def test_each_fault_is_named_with_its_place(file: str, old: str, new: str, said: str) -> None:
    found = problems_after((file, old, new))
    assert any(re.search(said, problem) for problem in found), found
    assert all("Mend: " in problem for problem in found)


def test_all_faults_at_once() -> None:
    found = problems_after(
        (SCORING, "caution: 0.7 ", "caution: 7 "),
        (FACTS, "{source: classification", "{source: guess"),
        (CONTROLS, "severity: 4", "severity: 9"),
        (ACT, "status: in_force", "status: maybe"),
    )
    assert {problem.split(":")[0] for problem in found} == {SCORING, FACTS, CONTROLS, ACT}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (CONTROLS, "{accountability: 1.0, inclusiveness: 0.3}", "{accountability: 1.7, inclusiveness: -0.3}"),
        (CONTROLS, "review_days: 180", "review_days: 0"),
        (SCORING, "caution: 0.7 ", "caution: 7 "),
        (SCORING, "signal_scale: 20 ", "signal_scale: 0 "),
        (FACTS, "{source: classification", "{cource: x, source: classification"),
    ],
)
def test_a_value_out_of_range_hides_nothing_in_other_files(file: str, old: str, new: str) -> None:
    found = problems_after(
        (file, old, new), (TABLE, 'when: "q.p_a"', 'when: "q.p_zz"'), (CONTROLS, '"eu_ai_act:16"', '"eu_ai_act:1600"')
    )
    assert any(problem.startswith(file) and "Mend: correct the value" in problem for problem in found) or file == FACTS
    assert any("rules[P_a].when: 'q.p_zz' is not known here" in problem for problem in found), found
    assert any("no requirement 'eu_ai_act:1600'" in problem for problem in found), found


def test_one_wrong_fact_is_one_problem() -> None:
    found = problems_after(
        (FACTS, 'prohibited practice was found", implies: [eu_ai_act.in_scope]',
         'prohibited practice was found", implies: [eu_ai_act.in_scopx]'),
    )  # fmt: skip
    assert len(found) == 1, found
    assert "facts.eu_ai_act.prohibited.implies: no fact 'eu_ai_act.in_scopx'" in found[0]


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"just words", b"a: [", b"\xff\xfe", b"!!python/object:os.system {}", b"a: &x [*x]"]
)
def test_a_file_that_is_something_else_is_refused(text: bytes) -> None:
    texts = released_texts(VERSION) | {FACTS: text}
    with pytest.raises(MethodError, match=r"method/facts\.yaml"):
        read_method(texts, "draft", date(2026, 11, 22))


def test_a_missing_file_is_named() -> None:
    texts = released_texts(VERSION)
    del texts[SCORING], texts[UNCOVERED]
    with pytest.raises(MethodError) as caught:
        read_method(texts, "draft", date(2026, 11, 22))
    assert {problem.file for problem in caught.value.problems} == {SCORING, UNCOVERED}


def test_every_expression_says_what_it_was_written_as(method: Method) -> None:
    texts = [str(c.applies_when) for c in method.controls.values()]
    texts += [str(r.applies_to) for r in method.requirements.values()]
    assert "app.trains_model | app.uses_rag | (eu_ai_act.high_risk & role.provider)" in texts


def test_the_page_tells_everything(method: Method) -> None:
    page = describe(method)
    for name in (*method.controls, *method.facts, *(rule.id for rule in method.rules), *method.questions):
        assert name in page, name
    assert method.digest in page
    assert page.count("\n| [") == len(method.frameworks)
