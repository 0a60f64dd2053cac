"""The forecast of a department: what its figures say ahead is what they say once the day has come."""

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from governance.selectors import department, rollups
from governance.web.departments import MOVERS
from inventory.models import AIApplication, Department
from risk.choices import OVERALL
from risk.models import ControlState, CurrentScore
from risk.selectors import cases, outlook
from risk.selectors.causes import control_state
from risk.selectors.movers import moving
from risk.services import assessments, runs, scores
from tests.builders import make_application
from tests.cast import Cast

NOW = timezone.localdate()
GRAVE = {
    "data_sensitivity": "special_category", "consequence": "rights_or_livelihood", "scale": "over_1m",
    "people": "public", "autonomy": "acts_alone", "exposure": "customers", "technology": "generative",
    "novelty": "under_1y", "input_trust": "staff_text", "ai_system": False, "gpai_provider": False,
}  # fmt: skip


def proven(owner: Cast, name: str, until: date) -> AIApplication:
    """A live application of Cards with every asked control verified, by evidence that ends on a day."""
    found = make_application(owner.cards, name)
    assessments.save_answers(actor=None, application=found, answers=GRAVE)
    scores.rescore_changed()
    asked = [one.control.id for one in cases.judge_now(found, NOW).asked]
    ControlState.objects.bulk_create(
        ControlState(application=found, control=key, status="verified", as_of=NOW, valid_until=until) for key in asked
    )
    scores.mark([found.pk])
    scores.rescore_changed()
    return found


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch):
    """Sets the day that everything takes for today."""
    real = timezone.localdate

    def move(day: date) -> date:
        monkeypatch.setattr(timezone, "localdate", lambda value=None, zone=None: real(value, zone) if value else day)
        return day

    return move


def overall(one: Department, day: date) -> rollups.Risk:
    return rollups.risks(Department.objects.filter(pk=one.pk), day, [OVERALL])[0]


def test_the_index_ahead_is_the_index_once_the_day_has_come(cast: Cast, today) -> None:
    proven(cast, "Card helper", NOW + timedelta(days=20))
    proven(cast, "Letter reader", NOW + timedelta(days=70))
    promised = department.ahead(overall(cast.retail, NOW), NOW)
    assert [one.days for one in promised] == [30, 60, 90]
    assert promised[-1].index > promised[0].index > overall(cast.retail, NOW).index
    for one in promised:
        today(one.day)
        runs.finish(runs.start(actor=None, nightly=True))
        assert overall(cast.retail, one.day).index == pytest.approx(one.index, abs=1e-9)


def test_applications_that_move_are_named_with_what_is_behind_each_step(cast: Cast) -> None:
    helper = proven(cast, "Card helper", NOW + timedelta(days=20))
    still = proven(cast, "Stands still", NOW + timedelta(days=400))
    ControlState.objects.filter(application=helper, control="GV-01").update(
        not_applicable=True, not_applicable_until=NOW + timedelta(days=70)
    )
    scores.mark([helper.pk])
    scores.rescore_changed()
    score = CurrentScore.objects.get(pk=helper.pk)
    found = moving(Department.objects.filter(pk=cast.cards.pk), NOW, 6)
    assert [one.name for one in found] == ["Card helper"]
    first, still_there, last = found[0].steps
    assert [one.days for one in found[0].steps] == [30, 60, 90]
    assert (still_there.change, still_there.causes) == (
        first.change,
        first.causes,
    )
    own = outlook.ahead(cases.judge_now(helper, NOW)).horizons
    assert [(one.change, one.causes) for one in own] == [(one.change, one.causes) for one in found[0].steps]
    assert first.point == pytest.approx(score.overall_30d)
    assert last.point == pytest.approx(score.overall_90d)
    assert "end of its evidence: " in first.causes[0].what
    assert found[0].rises
    ended = next(one for one in last.causes if one.key == "GV-01")
    assert "end of its evidence: " in ended.what  # and it is asked again only since the agreement ended, after 60 days
    assert "GV-01" not in {one.key for one in still_there.causes}
    agreed = control_state(cases.judge_now(helper, NOW).case.controls["GV-01"])
    assert agreed == f"not applicable, agreed until {NOW + timedelta(days=70):%-d %b %Y}"
    for step in found[0].steps:
        assert round(sum(cause.amount for cause in step.causes), 1) == step.change
    assert still.name not in {one.name for one in found}
    assert list(moving(Department.objects.filter(pk=cast.treasury.pk), NOW, 6)) == []
    client = Client()
    client.force_login(cast.carol)
    page = client.get(reverse("governance:department", args=["retail"])).content.decode()
    assert "if nobody acts" in page
    assert "Rises a band" in page


def test_the_rest_is_a_page_of_its_own_worst_first(cast: Cast) -> None:
    names = [f"Mover {n}" for n in range(MOVERS + 1)]
    for place, name in enumerate(names):
        proven(cast, name, NOW + timedelta(days=20))
        CurrentScore.objects.filter(application__name=name).update(overall_90d=80 + place)
    client = Client()
    client.force_login(cast.carol)
    shown = client.get(reverse("governance:department", args=["retail"])).content.decode()
    link = f"{reverse('governance:ahead')}?department=retail"
    assert f'href="{link}">All {len(names)} applications that move' in shown
    assert f'#ahead">{names[-1]}<' in shown
    assert f'#ahead">{names[0]}<' not in shown  # the least bad
    every = client.get(link).content.decode()
    places = [every.index(f">{name}<") for name in reversed(names)]
    assert places == sorted(places)
    for person, sees in ((cast.alice, True), (cast.bob, True), (cast.dan, True), (cast.eve, False)):
        client.force_login(person)
        assert (names[-1] in client.get(reverse("governance:ahead")).content.decode()) is sees
        client.get(f"{reverse('governance:ahead')}?department=nowhere&page=999999")


def test_a_department_costs_the_same_for_few_and_many_that_move(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.carol)

    def queries() -> tuple[int, int]:
        """The first time, and while what is dear is kept."""
        counted = []
        cache.clear()
        for _ in range(2):
            with CaptureQueriesContext(connection) as found:
                assert client.get(reverse("governance:department", args=["retail"])).status_code == 200
            counted.append(len(found))
        return counted[0], counted[1]

    proven(cast, "One", NOW + timedelta(days=20))
    queries()  # templates and the method are read once a process
    few = queries()
    for name in ("Two", "Three", "Four"):
        proven(cast, name, NOW + timedelta(days=20))
    assert queries() == few


def test_a_department_without_figures_has_no_forecast(cast: Cast) -> None:
    assert department.ahead(None, NOW) == []
    client = Client()
    client.force_login(cast.carol)
    assert "No forecast yet" in client.get(reverse("governance:department", args=["retail"])).content.decode()
