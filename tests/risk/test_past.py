"""An application as it stood on an earlier day."""

from datetime import timedelta

import pgtrigger
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.models import AIApplication
from risk.models import Answer, ControlState, ScoreSnapshot
from risk.selectors.past import past
from risk.services import assessments, scores
from tests.cast import Cast

NOW = timezone.localdate()


def moved_back(application: AIApplication, days: int) -> None:
    """Make everything that was stated so far a matter of so many days ago, as it would lie there by then."""
    for model in (Answer, ControlState):
        events = model.pgh_event_model  # type: ignore[union-attr]
        with pgtrigger.ignore(f"{events._meta.label}:append_only"):
            for event in events.objects.filter(application_id=application.pk):
                at = event.pgh_created_at - timedelta(days=days)
                events.objects.filter(pk=event.pk).update(pgh_created_at=at)


def test_each_day_shows_what_was_stated_by_then(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(actor=cast.alice, application=application, answers={"scale": "under_10k"})
    ControlState.objects.create(application=application, control="GV-01", status="attested", as_of=NOW)
    moved_back(application, 20)
    assessments.save_answers(actor=cast.bob, application=application, answers={"scale": None, "novelty": "pilot"})
    ControlState.objects.filter(control="GV-01").delete()
    moved_back(application, 10)

    assert past(application, NOW - timedelta(days=40)).answers == []
    first = past(application, NOW - timedelta(days=25))
    assert [(one.key, one.answer, one.by) for one in first.answers] == [("scale", "Under 10,000", "Alice")]
    assert first.controls[0].state.startswith("attested as of")
    later = past(application, NOW - timedelta(days=5))
    assert {one.key: one.answer for one in later.answers} == {"novelty": "In a pilot", "scale": "I don't know"}
    assert later.controls == []


def test_the_score_is_the_one_in_force(cast: Cast, application: AIApplication) -> None:
    old = ScoreSnapshot.objects.get()
    old.pk, old.as_of, old.overall_point = None, NOW - timedelta(days=31), 12.5
    old.save()
    found = past(application, NOW - timedelta(days=10)).score
    assert found is not None
    assert found.overall_point == 12.5
    assert past(application, NOW - timedelta(days=40)).score is None


def test_the_facts_of_the_organisation_are_those_of_the_judgement_in_force(
    cast: Cast, application: AIApplication
) -> None:
    def stated(value: bool | None) -> None:
        answers = {"org.public_body": value}
        assessments.save_organisation_answers(actor=cast.ada, department=cast.root, answers=answers)
        scores.rescore_changed()

    stated(True)
    first = ScoreSnapshot.objects.order_by("-id")[0]
    assert past(application, NOW).organisation == [("Public body, or acting for one", "yes")]
    stated(None)
    assert past(application, NOW).organisation == [("Public body, or acting for one", "not known")]
    assert past(application, NOW, first.computed_at + timedelta(microseconds=1)).organisation[0][1] == "yes"
    client = Client()
    client.force_login(cast.dan)
    page = client.get(reverse("risk:history", args=[application.pk]), {"as_of": NOW.isoformat()}).content.decode()
    assert "1 fact about the organisation" in page


def test_the_page_says_that_it_shows_the_past(cast: Cast, application: AIApplication) -> None:
    client = Client()
    client.force_login(cast.dan)
    address = reverse("risk:history", args=[application.pk])
    day = NOW - timedelta(days=3)
    assessments.save_answers(actor=cast.alice, application=application, answers={"scale": "under_10k"})
    text = client.get(address, {"as_of": day.isoformat()}).content.decode()
    assert f"As it stood at the end of {day:%-d %B %Y}" in text
    assert "Under 10,000" not in text
    assert "Answered scale" not in text  # what people did later is left out too
    today = client.get(address, {"as_of": NOW.isoformat()}).content.decode()
    assert "Under 10,000" in today
    assert "As it stood" not in client.get(address).content.decode()
    for odd in ("2026-02-31", "soon", "9999-12-31"):
        assert client.get(address, {"as_of": odd}).status_code == 200


def test_the_past_costs_the_same_however_much_was_stated(cast: Cast, application: AIApplication) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            past(application, NOW)
        return len(found)

    assessments.save_answers(actor=cast.alice, application=application, answers={"scale": "under_10k"})
    few = queries()
    assessments.save_answers(actor=cast.bob, application=application, answers={"novelty": "pilot", "people": None})
    for control in ("GV-01", "RM-02", "GV-05"):
        ControlState.objects.create(application=application, control=control, status="attested", as_of=NOW)
    assert queries() == few == 5


@pytest.mark.django_db(transaction=True)  # each statement at a time of its own
def test_any_time_of_a_day_shows_what_stood_then(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(actor=cast.alice, application=application, answers={"scale": "under_100"})
    scores.rescore_changed()
    between = timezone.now()
    assessments.save_answers(actor=cast.bob, application=application, answers={"scale": "over_1m"})
    scores.rescore_changed()
    day = timezone.localdate()
    then, at_the_end = past(application, day, between), past(application, day)
    assert [one.answer for one in then.answers] == ["Under 100"]
    assert [one.answer for one in at_the_end.answers] == ["Over 1 million"]
    first, second = application.snapshots.order_by("id").last(), application.snapshots.order_by("-id")[1]
    assert (at_the_end.score, then.score) == (first, second)
    client = Client()
    client.force_login(cast.alice)
    address = reverse("risk:history", args=[application.pk])
    query = {"as_of": day.isoformat(), "at": timezone.localtime(between).time().isoformat()}
    text = client.get(address, query).content.decode()
    assert "Under 100<" in text
    assert "Over 1 million" not in text
    for odd in ("25:99", "noon", "", "12:00:00+05:00"):
        assert client.get(address, {"as_of": day.isoformat(), "at": odd}).status_code == 200
