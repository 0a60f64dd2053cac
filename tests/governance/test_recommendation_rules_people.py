"""The rules whose gravity hangs on how many people there were, or on what one of them did."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from governance.models import Gravity, Subject
from inventory.choices import Operation
from inventory.models import Interaction
from tests.builders import make_application
from tests.cast import Cast
from tests.governance.test_recommendation_rules import NOW, TODAY, batch, found, one, sensitive, sighting, use
from tests.governance.test_recommendation_rules_register import agent

pytestmark = pytest.mark.django_db


def event(person: int, **given: Any) -> None:
    fields = {"operation": Operation.AI_APP, "jailbreak": False, "injection": False, "at": NOW, **given}
    Interaction.objects.create(record_id=uuid4(), pseudonym=UUID(int=person), batch=batch(), **fields)


@pytest.mark.parametrize(("people", "gravity"), [((1, 2, 2), Gravity.MEDIUM), ((1, 2, 3), Gravity.HIGH)])
def test_sensitive_data_of_three_people_is_grave(cast: Cast, people: tuple[int, ...], gravity: int) -> None:
    app = sighting()
    use(app, cast.retail, interactions=3, sensitive=3)
    sensitive(app, cast.retail, 3, information_types=["iban"])
    for person in people:
        event(person, sighting=app, department=cast.retail, information_types=["iban"])
    event(4, sighting=app, department=cast.retail)  # nothing sensitive
    event(5, sighting=app, department=cast.treasury, information_types=["iban"])  # of another department
    event(
        6, sighting=app, department=cast.retail, information_types=["iban"], application=make_application(cast.retail)
    )
    subject = one("sensitive_outside")
    assert (subject.amount, subject.gravity) == (3, gravity)


@pytest.mark.parametrize(("minutes", "gravity"), [(0, Gravity.HIGH), (-1, Gravity.MEDIUM)])
def test_windows_begin_with_the_organisations_day(cast: Cast, minutes: int, gravity: int) -> None:
    """Where it is UTC+12 or +13, the day begins half a day before that of UTC."""
    app = sighting()
    with timezone.override("Pacific/Auckland"):
        day = timezone.localdate()
        use(app, cast.retail, (TODAY - day).days, interactions=3, sensitive=3, jailbreak=3, attacks=3)
        sensitive(app, cast.retail, 3, day=day, information_types=["iban"])
        for days, marks in ((29, {"information_types": ["iban"]}), (6, {"jailbreak": True})):
            begin = timezone.make_aware(datetime.combine(day - timedelta(days=days), time()))
            for person in (1, 2, 3) if days == 29 else (9, 9, 9):
                event(person, sighting=app, department=cast.retail, at=begin + timedelta(minutes=minutes), **marks)
        assert one("sensitive_outside").gravity == gravity
        assert one("jailbreaks").gravity == gravity


def test_notes_name_the_organisations_day(cast: Cast) -> None:
    moment = datetime(2020, 3, 1, 20, tzinfo=UTC)
    agent(used_at=moment)
    with timezone.override("Pacific/Auckland"):
        assert one("forgotten_agent").note == "last used 2 Mar 2020"


def test_what_lies_ahead_is_nobodys_attempt(cast: Cast) -> None:
    app = sighting()
    use(app, cast.retail, interactions=3, jailbreak=3, attacks=3)
    for _ in range(3):
        event(1, sighting=app, department=cast.retail, jailbreak=True, at=NOW + timedelta(days=400))
    assert one("jailbreaks").gravity == Gravity.MEDIUM


def test_one_person_tries_several_apps(cast: Cast) -> None:
    apps = [make_application(cast.retail) for _ in range(3)]
    for app in apps:
        use(app, cast.retail, jailbreak=1, attacks=1)
        event(1, application=app, department=cast.retail, jailbreak=True)
    assert {s.gravity for s in found("jailbreaks")} == {Gravity.HIGH}
    Interaction.objects.filter(application=apps[0]).delete()
    assert {s.gravity for s in found("jailbreaks")} == {Gravity.MEDIUM}
    assert Subject.objects.filter(rule="jailbreaks").count() == 3
