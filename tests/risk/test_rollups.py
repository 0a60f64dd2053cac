"""Figures of departments: computed again by hand from the applications' scores, they are the same."""

import random
from datetime import date, timedelta

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.choices import Lifecycle
from inventory.models import AIApplication, Department
from inventory.services import applications
from risk.choices import OVERALL, Band, Principle
from risk.method import load_method
from risk.models import ApplicationCoverage, ControlState, CoverageDay, CurrentScore, DepartmentDay
from risk.scoring.forecast import HORIZONS
from risk.scoring.portfolio import score_department, score_portfolio
from risk.scoring.tally import ABSENT, LETTERS
from risk.services import assessments, rollups, scores
from tests.builders import make_application, make_department
from tests.cast import Cast

FIGURES = ("index", "worst", "tail", "mean", "critical_share", "high_share")
COUNTS = ("met", "partial", "gap", "unknown", "upcoming", "not_assessed", "overdue", "assessed")


@pytest.fixture
def estate(cast: Cast) -> list[AIApplication]:
    """Twelve applications with answers and controls of all kinds, over the whole tree; one in four is not live."""
    dice = random.Random(7)
    method = load_method()
    deep = make_department("Card disputes", cast.cards)
    found = []
    for n in range(12):
        where = dice.choice([cast.root, cast.retail, cast.cards, cast.treasury, deep])
        one = make_application(where, lifecycle=Lifecycle.LIVE if n % 4 else Lifecycle.IDEA)
        chosen = {
            f: dice.choice(list(method.factors[f].options)) for f in ("scale", "consequence", "people", "autonomy")
        }
        assessments.save_answers(actor=None, application=one, answers=chosen)
        ControlState.objects.bulk_create(
            ControlState(
                application=one,
                control=control,
                status=dice.choice(list(method.control_status)),
                as_of=timezone.localdate() - timedelta(days=dice.randint(0, 500)),
            )
            for control in dice.sample(list(method.controls), 25)
        )
        found.append(one)
    scores.rescore_changed()
    return found


def counted(department: Department) -> list[CurrentScore]:
    live = AIApplication.objects.in_department(department).live()
    return list(CurrentScore.objects.filter(application__in=live).order_by("application_id"))


def newest(department: Department, principle: str) -> DepartmentDay | None:
    return DepartmentDay.objects.filter(department=department, principle=principle).order_by("-day").first()


def assert_figures_agree(departments: list[Department]) -> None:
    method = load_method()
    for department in departments:
        below = counted(department)
        for principle in (OVERALL, *Principle.values):
            points = [getattr(one, f"{principle}_point") for one in below]
            expected = score_department(zip(points, [one.exposure for one in below], strict=True), method)
            row = newest(department, principle)
            if expected is None:
                assert row is None or row.count == 0
                continue
            assert row is not None
            for name in FIGURES:
                assert getattr(row, name) == pytest.approx(getattr(expected, name), abs=1e-9), (department, name)
            assert (row.band, row.count) == (expected.band, expected.count)
            for days in HORIZONS:
                ahead = [getattr(one, f"overall_{days}d") for one in below]
                then = score_department(zip(ahead, [one.exposure for one in below], strict=True), method)
                shown = getattr(row, f"index_{days}d")
                assert shown == (pytest.approx(then and then.index, abs=1e-9) if principle == OVERALL else None)
            bands = [method.band(point) for point in points]
            assert [getattr(row, f"{band}_count") for band in Band.values] == [bands.count(b) for b in Band.values]
            assert row.worst_application_id == below[points.index(max(points))].application_id


def assert_coverage_agrees(departments: list[Department]) -> None:
    for department in departments:
        below = [one.application_id for one in counted(department)]
        for framework in load_method().frameworks:
            rows = list(ApplicationCoverage.objects.filter(application__in=below, framework=framework))
            day = CoverageDay.objects.filter(department=department, framework=framework).order_by("-day").first()
            if not rows:
                assert day is None or day.applications == 0
                continue
            assert day is not None
            assert day.applications == len(rows)
            for name in COUNTS:
                assert getattr(day, name) == sum(getattr(one, name) for one in rows), (department, framework, name)
            for name in ("fulfilment_low", "fulfilment_high"):
                assert getattr(day, name) == pytest.approx(sum(getattr(one, name) for one in rows), abs=1e-9)


def test_every_department_agrees_with_its_applications(estate: list[AIApplication]) -> None:
    departments = list(Department.objects.all())
    assert_figures_agree(departments)
    assert_coverage_agrees(departments)


def test_they_still_agree_after_changes_one_by_one(cast: Cast, estate: list[AIApplication]) -> None:
    live = [one for one in estate if one.lifecycle == Lifecycle.LIVE]
    assessments.save_answers(actor=None, application=live[0], answers={"consequence": "none", "scale": "over_1m"})
    scores.rescore_changed()
    applications.update_application(actor=None, application=live[1], lifecycle=Lifecycle.RETIRED)
    scores.rescore_changed()
    applications.update_application(actor=None, application=live[2], department=cast.treasury)
    scores.rescore_changed()
    departments = list(Department.objects.all())
    assert_figures_agree(departments)
    assert_coverage_agrees(departments)


def test_counts_are_those_of_the_letters(estate: list[AIApplication]) -> None:
    for row in ApplicationCoverage.objects.all():
        assert len(row.states) == len(load_method().frameworks[row.framework].requirements)
        for state, letter in LETTERS.items():
            assert getattr(row, state.value) == row.states.count(letter)
        assert row.states.strip(ABSENT)


def test_a_department_without_live_applications_has_no_figures(cast: Cast) -> None:
    one = make_application(cast.treasury)
    make_application(cast.cards, lifecycle=Lifecycle.IDEA)
    scores.rescore_changed()
    assert not DepartmentDay.objects.filter(department=cast.cards).exists()
    assert newest(cast.treasury, OVERALL).count == 1  # type: ignore[union-attr]
    applications.update_application(actor=None, application=one, lifecycle=Lifecycle.SUSPENDED)
    scores.rescore_changed()
    row = newest(cast.treasury, OVERALL)
    assert row is not None
    assert (row.count, row.index, row.band) == (0, None, None)


def test_the_same_figures_make_no_new_day(cast: Cast) -> None:
    make_application(cast.treasury)
    scores.rescore_changed()
    yesterday = timezone.localdate() - timedelta(days=1)
    DepartmentDay.objects.update(day=yesterday)
    CoverageDay.objects.update(day=yesterday)
    assert rollups.roll_up_everything() == 0
    assert not DepartmentDay.objects.exclude(day=yesterday).exists()


def test_earlier_days_are_left_alone(cast: Cast) -> None:
    one = make_application(cast.treasury)
    scores.rescore_changed()
    past = date(2026, 1, 1)
    DepartmentDay.objects.update(day=past)
    assessments.save_answers(actor=None, application=one, answers={"consequence": "none"})
    scores.rescore_changed()
    days = DepartmentDay.objects.filter(department=cast.treasury, principle=OVERALL).order_by("day")
    assert [row.day for row in days] == [past, timezone.localdate()]
    assert days[0].index != days[1].index


def test_moving_a_department_moves_its_figures(cast: Cast, estate: list[AIApplication]) -> None:
    Department.objects.filter(pk=cast.cards.pk).update(parent=cast.treasury)
    rollups.roll_up_everything()
    departments = list(Department.objects.all())
    assert_figures_agree(departments)
    assert_coverage_agrees(departments)


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from([1, 2, 3, 5])), max_size=60))
@settings(max_examples=150, deadline=None)
def test_arrays_say_what_the_formula_says(pairs: list[tuple[float, int]]) -> None:
    method = load_method()
    expected = score_department(pairs, method)
    risks, weights = np.array([r for r, _ in pairs], float), np.array([w for _, w in pairs], float)
    found = score_portfolio(risks, weights, method)
    if expected is None or found is None:
        assert expected is None
        assert found is None
        return
    for name in FIGURES:
        assert getattr(found.score, name) == pytest.approx(getattr(expected, name), abs=1e-9)
    assert (found.score.band, found.score.count) == (expected.band, expected.count)
    assert pairs[found.worst_at][0] == max(r for r, _ in pairs)
    assert sum(found.by_band) == len(pairs)
