"""The eleven promises of the method, each on random applications. A value may differ by rounding, never by more."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from math import fsum
from pathlib import Path
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

import risk.scoring
from risk.scoring.method import Factor
from risk.scoring.portfolio import DepartmentScore, score_department
from risk.scoring.score import (
    ApplicationInput,
    ApplicationScore,
    ControlInput,
    Event,
    PrincipleScore,
    Signals,
    score_application,
)
from tests.risk.scoring.conftest import ENGINE
from tests.risk.scoring.strategies import METHOD, ages, answered_controls, applications, events, portfolios, statuses

NOISE = 1e-9


def score(inp: ApplicationInput) -> ApplicationScore:
    return score_application(inp, METHOD)


def parts(found: ApplicationScore) -> dict[str, PrincipleScore | ApplicationScore]:
    return {**found.principles, "overall": found}


def values(found: ApplicationScore) -> Iterator[tuple[str, str, float]]:
    for name, one in parts(found).items():
        for kind in ("low", "point", "high"):
            yield name, kind, getattr(one, kind)


def never_lower(before: ApplicationScore, after: ApplicationScore) -> None:
    for (name, kind, old), (_, _, new) in zip(values(before), values(after), strict=True):
        assert new >= old - NOISE, (name, kind, old, new)


def encloses(outer: ApplicationScore, inner: ApplicationScore) -> None:
    for name, wide in parts(outer).items():
        narrow = parts(inner)[name]
        assert wide.low <= narrow.low + NOISE, name
        assert wide.high >= narrow.high - NOISE, name


def with_control(inp: ApplicationInput, control: ControlInput) -> ApplicationInput:
    return replace(inp, controls=(control, *inp.controls))


@given(applications)
@settings(ENGINE, max_examples=50)
def test_1_bounded(inp: ApplicationInput) -> None:
    found = score(inp)
    for one in parts(found).values():
        assert 0 <= one.low <= one.point <= one.high <= 100
    for principle in found.principles.values():
        assert 0 <= principle.inherent_low <= principle.inherent <= principle.inherent_high <= 100


@given(applications, answered_controls, statuses, ages)
@settings(ENGINE, max_examples=50)
def test_2_better_controls_never_raise_and_ageing_never_lowers(
    inp: ApplicationInput, control: ControlInput, status: str, age: float
) -> None:
    assert control.status is not None
    worse, better = sorted((control.status, status), key=METHOD.control_status.__getitem__)
    never_lower(
        score(with_control(inp, replace(control, status=better))),
        score(with_control(inp, replace(control, status=worse))),
    )
    younger, older = sorted((control.age, age))
    never_lower(
        score(with_control(inp, replace(control, age=younger))),
        score(with_control(inp, replace(control, age=older))),
    )


@given(applications, events)
@settings(ENGINE, max_examples=50)
def test_3_alerts_never_lower_and_resolving_never_raises(inp: ApplicationInput, event: Event) -> None:
    def seeing(*more: Event) -> ApplicationScore:
        return score(replace(inp, signals=replace(inp.signals, events=(*inp.signals.events, *more))))

    never_lower(seeing(), seeing(event))
    never_lower(seeing(replace(event, open=False)), seeing(replace(event, open=True)))


@given(applications, st.data())
@settings(ENGINE, max_examples=50)
def test_4_a_worse_option_never_lowers(inp: ApplicationInput, data: st.DataObject) -> None:
    factor = data.draw(st.sampled_from(list(METHOD.factors.values())))
    pair = data.draw(st.lists(st.sampled_from(list(factor.options)), min_size=2, max_size=2))
    better, worse = sorted(pair, key=factor.options.__getitem__)
    never_lower(
        score(replace(inp, answers={**inp.answers, factor.id: better})),
        score(replace(inp, answers={**inp.answers, factor.id: worse})),
    )


@given(applications, portfolios, st.integers(0, 1000))
@settings(ENGINE, max_examples=40)
def test_5_order_does_not_matter(inp: ApplicationInput, portfolio: list[tuple[float, float]], seed: int) -> None:
    random = Random(seed)
    shuffled = replace(
        inp,
        controls=tuple(random.sample(inp.controls, len(inp.controls))),
        signals=replace(inp.signals, events=tuple(random.sample(inp.signals.events, len(inp.signals.events)))),
    )
    for (_, _, one), (_, _, other) in zip(values(score(inp)), values(score(shuffled)), strict=True):
        assert abs(one - other) <= NOISE
    assert score_department(random.sample(portfolio, len(portfolio)), METHOD) == score_department(portfolio, METHOD)


@given(applications, answered_controls, st.sampled_from(list(METHOD.factors.values())))
@settings(ENGINE, max_examples=40)
def test_6_the_unanswered_encloses_every_answer(inp: ApplicationInput, control: ControlInput, factor: Factor) -> None:
    unanswered = score(replace(inp, answers={**inp.answers, factor.id: None}))
    for option in factor.options:
        encloses(unanswered, score(replace(inp, answers={**inp.answers, factor.id: option})))
    open_control = score(with_control(inp, replace(control, status=None, applicable=True)))
    for status in METHOD.control_status:
        encloses(open_control, score(with_control(inp, replace(control, status=status, applicable=True))))
    unclear = score(with_control(inp, replace(control, applicable=None)))
    for applicable in (True, False):
        encloses(unclear, score(with_control(inp, replace(control, applicable=applicable))))


@given(applications, answered_controls, st.sampled_from(list(METHOD.factors.values())))
@settings(ENGINE, max_examples=40)
def test_7_silence_is_neither_better_than_the_best_nor_worse_than_the_worst(
    inp: ApplicationInput, control: ControlInput, factor: Factor
) -> None:
    unanswered = score(replace(inp, answers={**inp.answers, factor.id: None}))
    never_lower(score(replace(inp, answers={**inp.answers, factor.id: factor.least})), unanswered)
    never_lower(unanswered, score(replace(inp, answers={**inp.answers, factor.id: factor.most})))
    asked = replace(control, applicable=True, age=0)
    silent = score(with_control(inp, replace(asked, status=None)))
    never_lower(score(with_control(inp, replace(asked, status="verified"))), silent)
    never_lower(silent, score(with_control(inp, replace(asked, status="not_started"))))


@given(applications)
@settings(ENGINE, max_examples=40)
def test_8_telemetry_that_shows_nothing_never_raises(inp: ApplicationInput) -> None:
    silent = replace(inp, signals=replace(inp.signals, telemetry=False))
    never_lower(score(replace(inp, signals=replace(inp.signals, telemetry=True))), score(silent))
    never_lower(score(replace(inp, signals=Signals(telemetry=True))), score(replace(inp, signals=Signals())))


@given(applications)
@settings(ENGINE, max_examples=50)
def test_9_overall_lies_between_mean_and_worst(inp: ApplicationInput) -> None:
    found = score(inp)
    for kind in ("low", "high"):
        each = [getattr(one, kind) for one in found.principles.values()]
        whole = getattr(found, kind)
        assert fsum(each) / len(each) - NOISE <= whole <= max(each) + NOISE
        assert whole >= max(each) - 25 - NOISE


def department(pairs: list[tuple[float, float]]) -> DepartmentScore:
    found = score_department(pairs, METHOD)
    assert found is not None
    return found


@given(portfolios, st.integers(0, 400), st.floats(0, 10))
@settings(ENGINE, max_examples=50)
def test_10_department_is_bounded_and_not_diluted(
    pairs: list[tuple[float, float]], harmless: int, value: float
) -> None:
    found = department(pairs)
    assert found.mean <= found.tail <= found.worst
    assert found.mean <= found.index <= found.worst
    diluted = department([*pairs, *([(value, 1)] * harmless)])
    assert diluted.index >= found.worst - 25 - NOISE
    repeated = department(pairs * 3)
    for kind in ("index", "worst", "tail", "mean", "critical_share", "high_share"):
        assert abs(getattr(repeated, kind) - getattr(found, kind)) <= NOISE


@given(portfolios, st.data())
@settings(ENGINE, max_examples=50)
def test_10_department_is_monotone(pairs: list[tuple[float, float]], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(pairs) - 1))
    risk, weight = pairs[place]
    raised = data.draw(st.floats(risk, 100))
    after = [*pairs[:place], (raised, weight), *pairs[place + 1 :]]
    assert department(after).index >= department(pairs).index - NOISE
    as_bad = (max(r for r, _ in pairs), data.draw(st.sampled_from([1, 2, 3, 5])))
    assert department([*pairs, as_bad]).index >= department(pairs).index - NOISE


@given(applications)
@settings(ENGINE, max_examples=50)
def test_11_same_input_same_output(inp: ApplicationInput) -> None:
    assert score(inp) == score(inp)


def test_11_the_engine_has_no_clock_no_chance_and_no_files() -> None:
    folder = Path(risk.scoring.__file__).parent
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
                assert not modules & {"time", "random", "os", "pathlib", "django", "secrets", "uuid"}, path.name
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                clock = node.value.id in {"date", "datetime"} and node.attr in {"now", "today", "utcnow"}
                assert not clock, path.name
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"open", "eval", "exec", "compile", "__import__"}, path.name


def test_prohibited_shows_a_hundred_whatever_the_controls() -> None:
    found = score(ApplicationInput(answers={}, prohibited=True))
    assert {value for _, _, value in values(found)} == {100.0}
    assert found.band == "critical"


@given(applications, answered_controls)
@settings(ENGINE, max_examples=40)
def test_what_does_not_apply_does_not_count(inp: ApplicationInput, control: ControlInput) -> None:
    assume(not inp.prohibited)
    assert score(with_control(inp, replace(control, applicable=False))) == score(inp)
