"""The controls pages, met by the cast."""

import re

from django.urls import reverse
from django.utils import timezone

from inventory.models import AIApplication
from risk.selectors import cases
from risk.selectors.next_steps import ControlStep, next_steps
from risk.services import controls
from tests.cast import Cast
from tests.risk.evidence import proof
from tests.risk.test_pages import HTMX, as_, shown


def test_one_control_by_htmx(cast: Cast, application: AIApplication) -> None:
    address = reverse("risk:control", args=[application.pk, "GV-01"])
    data = {"GV-01-status": "attested", "GV-01-as_of": "2026-01-05", "GV-01-note": "Named."}
    answer = as_(cast.alice).post(address, data, headers=HTMX)
    assert answer.status_code == 200
    assert "saved" in answer.content.decode()
    state = application.control_states.get()
    assert (state.control, state.status, str(state.as_of), state.note) == ("GV-01", "attested", "2026-01-05", "Named.")


def test_saving_one_brings_the_counts_of_its_family_along(cast: Cast, application: AIApplication) -> None:
    client, page = as_(cast.alice), reverse("risk:controls", args=[application.pk])
    family = next(one for one in client.get(page + "?family=GV").context["found"].families if one.key == "GV")
    told = f"{family.answered + 1} of {family.asked} answered"
    assert told not in shown(client, page + "?family=GV")
    data = {"GV-01-status": "attested", "GV-01-as_of": "2026-01-05"}
    answer = client.post(reverse("risk:control", args=[application.pk, "GV-01"]), data, headers=HTMX)
    swapped = answer.content.decode()
    assert f'<span id="answered-GV" hx-swap-oob="innerHTML">{told}</span>' in swapped
    assert [one["note"] for one in answer.context["steps"] if one["state"] == "current"] == [
        told.removesuffix(" answered")
    ]
    assert f'<span id="answered-GV">{told}</span>' in shown(client, page + "?family=GV")


def test_a_wrong_day_is_shown_at_its_field(cast: Cast, application: AIApplication) -> None:
    address = reverse("risk:control", args=[application.pk, "GV-01"])
    answer = as_(cast.alice).post(address, {"GV-01-status": "attested", "GV-01-as_of": "2999-01-01"}, headers=HTMX)
    assert "still to come" in answer.content.decode()
    assert not application.control_states.exists()


def test_a_page_of_controls_is_saved_whole_or_not_at_all(cast: Cast, application: AIApplication) -> None:
    client, address = as_(cast.alice), reverse("risk:controls", args=[application.pk]) + "?family=GV"
    good = {"GV-01-status": "attested", "GV-02-status": "planned", "GV-03-status": ""}
    assert client.post(address, {**good, "GV-02-as_of": "2999-01-01"}).status_code == 400
    assert not application.control_states.exists()
    assert client.post(address, good).status_code == 302
    assert dict(application.control_states.values_list("control", "status")) == {
        "GV-01": "attested",
        "GV-02": "planned",
    }


def test_only_a_reviewer_is_offered_verified(cast: Cast, application: AIApplication) -> None:
    page = reverse("risk:controls", args=[application.pk]) + "?family=GV"
    option = '<option value="verified"'
    assert option not in shown(as_(cast.alice), page)
    assert option in shown(as_(cast.bob), page)
    address = reverse("risk:control", args=[application.pk, "GV-01"])
    data = {"GV-01-status": "verified", "GV-01-as_of": "2026-01-05"}
    controls.state_control(
        actor=cast.alice, application=application, control="GV-01", status="evidenced", proof=proof()
    )
    refused = as_(cast.alice).post(address, data, headers=HTMX)
    assert refused.status_code == 200  # htmx swaps it in
    assert "Only a reviewer" in refused.content.decode()
    assert application.control_states.get().status == "evidenced"
    as_(cast.bob).post(address, data, headers=HTMX)
    assert option in shown(as_(cast.alice), page)  # as it stands
    saved = as_(cast.alice).post(page, {**data, "GV-02-status": "planned"})
    assert saved.status_code == 302  # what she leaves as it is, is no statement of hers
    changed = as_(cast.alice).post(address, {**data, "GV-01-note": "Mine."}, headers=HTMX)
    assert "Only a reviewer" in changed.content.decode()
    assert application.control_states.get(control="GV-01").note == ""


def test_the_summary_says_how_many_controls_are_answered(cast: Cast, application: AIApplication) -> None:
    page = shown(as_(cast.alice), reverse("risk:application", args=[application.pk]))
    assert re.search(r"Controls answered</dt><dd>0 of [1-9]", page)


def test_a_plan_is_not_valid_until_a_day(cast: Cast, application: AIApplication) -> None:
    def steps() -> list[ControlStep]:
        found = next_steps(cases.judge_now(application, timezone.localdate()))
        return [one for one in found if isinstance(one, ControlStep)]

    best = steps()[0]
    for status, counts in (("planned", False), ("attested", True)):
        controls.state_control(actor=cast.alice, application=application, control=best.id, status=status)
        assert [one.counts for one in steps() if one.id == best.id] in ([counts], [])


def test_the_tabs_count_along(cast: Cast, application: AIApplication) -> None:
    address = reverse("risk:control", args=[application.pk, "GV-01"])
    page = as_(cast.alice).post(address, {"GV-01-status": "planned"}, headers=HTMX).content.decode()
    assert 'id="application-tabs" hx-swap-oob="true"' in page
    assert re.search(r'tab-count">1/', page)
    address = reverse("risk:questionnaire", args=[application.pk])
    page = as_(cast.alice).post(address, {"q:scale": "under_10k"}, headers=HTMX).content.decode()
    assert 'id="application-tabs" hx-swap-oob="true"' in page


def test_a_control_that_is_not_asked_is_no_page(cast: Cast, application: AIApplication) -> None:
    answer = as_(cast.alice).post(reverse("risk:control", args=[application.pk, "XX-01"]), {"XX-01-status": "attested"})
    assert answer.status_code == 404


def test_controls_say_why_they_are_asked(cast: Cast, application: AIApplication) -> None:
    page = shown(as_(cast.alice), reverse("risk:controls", args=[application.pk]), family="all")
    assert "asked at this level of risk" in page
    assert "EU AI Act" in page
    assert "GV-01" in shown(as_(cast.alice), reverse("risk:controls", args=[application.pk]), show="open", family="all")
    assert "GV-01" not in shown(
        as_(cast.alice), reverse("risk:controls", args=[application.pk]), show="answered", family="all"
    )
