"""The rules where a person has linked a name seen to an application: its use is the application's, once."""

from uuid import UUID, uuid4

import pytest

from governance.models import Gravity
from inventory.choices import Lifecycle, Operation
from inventory.models import AIApplication, DailyPeople, DailySensitive, DailyUsage, Interaction, SensitivityLabel
from tests.builders import make_application
from tests.cast import Cast
from tests.governance.test_recommendation_rules import NOW, TODAY, batch, found, one, sensitive, sighting, use

pytestmark = pytest.mark.django_db


def linked(cast: Cast, **given: object) -> AIApplication:
    """An application used by itself and, in the same department, under another name that is linked to it."""
    application = make_application(cast.retail, **given)
    use(application, cast.retail, people=2, injection=1, jailbreak=1, attacks=1)
    seen = use(sighting(), cast.retail, people=3, injection=2, jailbreak=2, attacks=2).sighting
    for table in (DailyUsage, DailyPeople):
        table.objects.filter(sighting=seen).update(application=application)
    return application


def test_attacks_add_up(cast: Cast) -> None:
    application = linked(cast)
    for rule in ("indirect_injection", "jailbreaks"):
        subject = one(rule)
        assert (subject.kind, subject.ref, subject.amount) == ("application", application.pk, 3), rule


def test_attempts_of_one_person_under_both_names_are_theirs(cast: Cast) -> None:
    application, read = linked(cast), batch()
    seen = DailyUsage.objects.get(sighting__isnull=False).sighting
    attempt = {
        "application": application, "department": cast.retail, "pseudonym": UUID(int=1), "at": NOW, "batch": read,
        "operation": Operation.AI_APP, "jailbreak": True, "injection": False,
    }  # fmt: skip
    for name in (None, None, seen):
        assert one("jailbreaks").gravity == Gravity.MEDIUM
        Interaction.objects.create(record_id=uuid4(), sighting=name, **attempt)
    assert one("jailbreaks").gravity == Gravity.HIGH


def test_labelled_content_adds_up(cast: Cast) -> None:
    application = linked(cast)
    SensitivityLabel.objects.create(key="g2", name="Secret", level="confidential")
    sensitive(application, cast.retail, 1, labels=["g2"])
    sensitive(
        application, cast.retail, 2, labels=["g2"], sighting=DailyUsage.objects.get(sighting__isnull=False).sighting
    )
    subject = one("labelled_unprotected")
    assert (subject.kind, subject.amount, subject.gravity) == ("application", 3, Gravity.MEDIUM)


def test_what_is_linked_is_not_outside(cast: Cast) -> None:
    application = linked(cast)
    seen = DailyUsage.objects.get(sighting__isnull=False).sighting
    DailySensitive.objects.create(
        application=application, sighting=seen, department=cast.retail, day=TODAY, digest=uuid4(), interactions=9,
        information_types=["iban"],
    )  # fmt: skip
    assert found("sensitive_outside") == []


def test_what_is_linked_is_as_sanctioned_as_its_application(cast: Cast) -> None:
    application = linked(cast, lifecycle=Lifecycle.IDEA)
    subject = one("unsanctioned_app")
    assert (subject.kind, subject.ref, subject.amount) == ("application", application.pk, 2)
    AIApplication.objects.update(lifecycle=Lifecycle.LIVE)
    assert found("unsanctioned_app") == []
