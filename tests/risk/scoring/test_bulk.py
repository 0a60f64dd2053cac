"""Many applications at once give the same numbers as each one alone, on the explained path."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.method import load_method, newest
from risk.scoring.application import Ratchet
from risk.scoring.bulk import Before, Verdicts, judge_many
from risk.scoring.case import Case, Measures, Occurrence, Stated, Usage, dated_text, from_plain, to_plain
from risk.scoring.codebook import codebook
from risk.scoring.controls import tier_of
from risk.scoring.expressions import KLEENE
from risk.scoring.forecast import HORIZONS, later
from risk.scoring.judgement import ORGANISATION_QUESTIONS, Judgement, Previous, judge
from risk.scoring.kinds import kinds
from risk.scoring.method import Question
from risk.scoring.questionnaire import asked_keys
from risk.scoring.score import ApplicationScore
from risk.scoring.vocabulary import EU_CLASS_FACTOR
from tests.examples import examples
from tests.risk.scoring.conftest import ENGINE

METHOD = load_method(newest())
DAY = date(2026, 11, 22)
days = st.integers(-900, 200).map(lambda n: DAY + timedelta(days=n))
IN_SCOPE = {"ai_system": True, "union_nexus": True, "exclusion": []}


def answers_to(question: Question) -> st.SearchStrategy[object]:
    """An answer that the question allows, mostly the one that closes no door."""
    if question.type == "yes_no":
        return st.sampled_from([False, False, False, True, None])
    if question.type == "choice":
        return st.sampled_from([*question.options, "none", None])
    return st.sampled_from([[], [], None, *([option] for option in question.options)])


factors = {
    f.id: st.none() | st.sampled_from(list(f.options)) for f in METHOD.factors.values() if f.id != EU_CLASS_FACTOR
}
facts = {f.id: st.sampled_from([True, False, None]) for f in METHOD.facts.values() if f.source == "questionnaire"}
questions = {q.id: answers_to(q) for q in METHOD.questions.values() if q.id not in ORGANISATION_QUESTIONS}
answers = st.builds(
    lambda given, scope: given | scope,
    st.fixed_dictionaries({}, optional={**factors, **facts, **questions, "left.over": st.booleans()}),
    st.sampled_from([{}, IN_SCOPE, IN_SCOPE, IN_SCOPE | {"role": ["uses"]}]),
)
ends = st.none() | st.integers(-5, 100).map(lambda n: DAY + timedelta(days=n))
stated = st.builds(
    Stated,
    status=st.sampled_from(list(METHOD.control_status)),
    as_of=days,
    due=st.none() | days,
    valid_until=st.none() | st.none() | days,
)
checked = st.builds(  # an independent check, and other evidence beside it
    Stated,
    status=st.just("verified"),
    as_of=days,
    valid_until=days,
    evidenced_until=st.just(date.max) | days,
)
left_out = st.builds(
    Stated,
    status=st.none() | st.sampled_from(list(METHOD.control_status)),
    as_of=days,
    valid_until=st.none() | days,
    applicable=st.just(False),
    agreed_until=ends,
)
statements = st.one_of(stated, stated, stated, checked, left_out)
occurrences = st.builds(
    Occurrence,
    severity=st.sampled_from(list(METHOD.signal_severity)),
    tactics=st.lists(st.sampled_from([*METHOD.alert_weights, "unheard_of"]), max_size=2).map(tuple),
    day=st.integers(-30, 1).map(lambda n: DAY + timedelta(days=n)),
    open=st.booleans(),
    ref=st.text(max_size=5),
    label=st.text(max_size=9),
    counts_from=st.none() | st.integers(-5, 40).map(lambda n: DAY + timedelta(days=n)),
)
ratchets = st.builds(
    Ratchet,
    overall=st.integers(0, 100).map(float),
    principles=st.dictionaries(st.sampled_from(METHOD.principles), st.integers(0, 100).map(float)),
    pending=st.lists(st.sampled_from(list(METHOD.controls)), min_size=1, max_size=5, unique=True).map(tuple),
)
cases = st.builds(
    Case,
    answers=answers,
    organisation=st.fixed_dictionaries(
        {}, optional={f.id: st.booleans() | st.none() for f in METHOD.facts.values() if f.source == "organisation"}
    ),
    controls=st.dictionaries(st.sampled_from([*METHOD.controls, "XX-99"]), statements, max_size=40),
    occurrences=st.lists(occurrences, max_size=3).map(tuple),
    usage=st.builds(Usage, st.integers(0, 2000), st.integers(0, 50), st.integers(0, 50)),
    measures=st.builds(
        Measures,
        st.integers(1, 9),
        st.dictionaries(
            st.sampled_from(["drift", "override_rate", "harmful_output_reports"]), st.floats(0, 500), max_size=3
        ),
    )
    | st.just(Measures()),
    held=st.none() | ratchets,
)
estates = st.lists(cases, min_size=1, max_size=6)
FEW = settings(ENGINE, max_examples=examples(25))  # an example is a whole estate: up to six cases of forty controls


def assert_same(found: Verdicts, row: int, expected: Judgement) -> None:
    """Every figure of a row against the explained judgement."""
    near = lambda value: pytest.approx(value, abs=1e-9)  # noqa: E731 - shorter to read below
    score = expected.score
    assert (found.overall_low[row], found.overall_high[row]) == (near(score.low), near(score.high))
    assert found.overall_point[row] == near(score.point)
    assert METHOD.bands[found.band[row]][0] == score.band
    for place, principle in enumerate(METHOD.principles):
        one = score.principles[principle]
        for part in ("low", "high", "point", "inherent"):
            assert getattr(found, part)[place, row] == near(getattr(one, part)), (principle, part)
    assert found.held.get(row) == expected.case.held
    assert found.exposure[row] == METHOD.exposure(expected.scale)
    pattern = found.standing.patterns
    assert pattern.tier[row] == expected.tier
    assert pattern.kinds[row].classification == expected.classification
    assert dict(zip(METHOD.facts, pattern.truths[row].tolist(), strict=True)) == {
        fact: KLEENE[expected.facts[fact]] for fact in METHOD.facts
    }
    keys = [key for key in asked_keys(expected, METHOD) if key not in METHOD.factors]
    assert pattern.questions[row] == len(METHOD.factors) - 1 + len(keys)
    assert pattern.answered[row] == sum(key in expected.case.answers for key in keys)
    asked = {one.control.id for one in expected.asked}
    assert {key for key, is_asked in zip(METHOD.controls, found.standing.asked[row], strict=True) if is_asked} == asked
    for place, days_ahead in enumerate(HORIZONS):
        then = later(expected, expected.day + timedelta(days=days_ahead), METHOD)
        assert found.ahead[row, place] == near(then.score.point)


def figures(score: ApplicationScore) -> list[float]:
    """Every number of a score."""
    parts = ("low", "high", "point", "inherent")
    ours = [getattr(score.principles[principle], part) for principle in METHOD.principles for part in parts]
    return [score.low, score.high, score.point, *ours]


def before_of(judgements: Sequence[Judgement | None]) -> Before:
    """What the rows of the judgements before would say."""
    known = np.array([one is not None for one in judgements])
    points = [
        [one.score.principles[p].point for p in METHOD.principles] if one else [0.0] * len(METHOD.principles)
        for one in judgements
    ]
    return Before(
        known=known,
        overall=np.array([one.score.point if one else 0.0 for one in judgements]),
        points=np.array(points),
        tier=np.array([one.tier if one else 0 for one in judgements], np.int32),
        held={row: one.case.held for row, one in enumerate(judgements) if one and one.case.held},
    )


@FEW
@given(estates, days)
def test_the_numbers_of_the_explained_path(estate: list[Case], day: date) -> None:
    found = judge_many(codebook(METHOD).encode(estate), day, METHOD)
    for row, case in enumerate(estate):
        assert_same(found, row, judge(case, day, METHOD))


@FEW
@given(st.lists(st.tuples(st.none() | cases, cases), min_size=1, max_size=4))
def test_the_ratchet_of_the_explained_path(pairs: list[tuple[Case | None, Case]]) -> None:
    earlier = [judge(one, DAY - timedelta(days=1), METHOD) if one else None for one, _ in pairs]
    found = judge_many(codebook(METHOD).encode([case for _, case in pairs]), DAY, METHOD, before_of(earlier))
    for row, ((_, case), old) in enumerate(zip(pairs, earlier, strict=True)):
        previous = Previous(old.score, old.tier, old.case.held) if old else None
        assert_same(found, row, judge(case, DAY, METHOD, previous))


@FEW
@given(estates)
def test_the_same_digest_and_the_case_back(estate: list[Case]) -> None:
    book = codebook(METHOD)
    encoded = book.encode(estate)
    for row, (case, text) in enumerate(zip(estate, book.dated_texts(encoded), strict=True)):
        known = dated_text(to_plain(case), METHOD)
        assert text.encode() == known
        assert dated_text(to_plain(book.case(encoded, row)), METHOD) == known
        again = judge(book.case(encoded, row), DAY, METHOD).score
        # The stored form sorts alerts, so sums may differ in their last digit
        expected = judge(from_plain(to_plain(case)), DAY, METHOD).score
        assert figures(again) == pytest.approx(figures(expected), abs=1e-9)
        assert again.band == expected.band


def test_what_is_remembered_of_kinds_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every application answers the table differently, twice over: the same figures, no more than bound and chunk."""
    asked = ["ai_system", "union_nexus", "interacts", "p_a", "p_b", "p_c", "p_d"]
    different = list(product([True, False], repeat=len(asked)))
    estate = [Case(answers=dict(zip(asked, given, strict=True))) for given in different]
    chunks = [estate[start : start + 16] for start in range(0, len(estate), 16)]
    remembered = kinds(METHOD)
    monkeypatch.setattr(remembered, "known", {})
    monkeypatch.setattr("risk.scoring.kinds.MOST_KINDS", 40)
    points = []
    for chunk in chunks * 2:
        found = judge_many(codebook(METHOD).encode(chunk), DAY, METHOD)
        points.extend(found.overall_point.tolist())
        assert len(remembered.known) <= 40 + len(chunk)
    expected = [judge(case, DAY, METHOD).score.point for case in estate]
    assert points == pytest.approx(expected * 2, abs=1e-9)


def test_what_does_not_fit_is_named_by_row() -> None:
    odd = Case(answers={"scale": "a billion"}, controls={"GV-01": Stated("done", DAY)})
    encoded = codebook(METHOD).encode([Case(), odd])
    assert {row: set(faults) for row, faults in codebook(METHOD).faults(encoded).items()} == {1: {"scale", "GV-01"}}


def test_tiers_go_by_the_worst_principle() -> None:
    found = judge_many(codebook(METHOD).encode([Case()]), DAY, METHOD)
    assert found.standing.patterns.tier[0] == tier_of(float(found.inherent.max()), None)
