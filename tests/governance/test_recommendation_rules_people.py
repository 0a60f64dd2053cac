"""The rules whose gravity hangs on how many people there were, or on what one of them did."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from governance.models import Gravity, Subject
from inventory.choices import Operation
from inventory.models import Interaction
from tests.builders import make_application
from tests.cast import Cast
from tests.governance.test_recommendation_rules import NOW, batch, found, one, sensitive, sighting, use

pytestmark = pytest.mark.django_db


def event(person: int, **given: Any) -> None:
    fields = {"operation": Operation.AI_APP, "jailbreak": False, "injection": False, **given}
    Interaction.objects.create(record_id=uuid4(), at=NOW, pseudonym=UUID(int=person), batch=batch(), **fields)


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


def test_one_person_tries_several_apps(cast: Cast) -> None:
    apps = [make_application(cast.retail) for _ in range(3)]
    for app in apps:
        use(app, cast.retail, jailbreak=1, attacks=1)
        event(1, application=app, department=cast.retail, jailbreak=True)
    assert {s.gravity for s in found("jailbreaks")} == {Gravity.HIGH}
    Interaction.objects.filter(application=apps[0]).delete()
    assert {s.gravity for s in found("jailbreaks")} == {Gravity.MEDIUM}
    assert Subject.objects.filter(rule="jailbreaks").count() == 3
