"""Fast hands on a slow network: whatever is clicked or typed while htmx saves arrives, and nothing moves under it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from inventory.models import AIApplication
from risk.services import assessments, scores
from tests.browser.conftest import Visit
from tests.builders import make_application
from tests.cast import Cast, cast

__all__ = ["cast"]
pytestmark = pytest.mark.django_db(transaction=True)
Visits = Callable[..., Visit]
LATENCY = 250  # ms that each request waits, so that the next clicks come before its answer
PRACTICES = ("p_a", "p_b", "p_ba", "p_bb", "p_c", "p_d", "p_e", "p_f", "p_g", "p_h")
CHOOSE = """([name, value]) => {
    const list = document.getElementsByName(name)[0];
    list.value = value;
    list.dispatchEvent(new Event("change", {bubbles: true}));
}"""
SCOPE = {"ai_system": True, "union_nexus": True, "exclusion": [], "role": ["uses"], "gpai_provider": False}


@pytest.fixture
def begun(transactional_db: None, cast: Cast) -> AIApplication:
    found = make_application(cast.cards, "Card helper", owner=cast.alice, lifecycle="in_review")
    assessments.save_answers(actor=cast.alice, application=found, answers=SCOPE)
    scores.rescore_changed()
    return found


def slow(seen: Visit, path: str) -> Page:
    """A page whose network is slow once it is there."""
    page, wire = seen.go(path), seen.wire()
    wire.send("Network.enable")
    limits = {"offline": False, "latency": LATENCY, "downloadThroughput": -1, "uploadThroughput": -1}
    wire.send("Network.emulateNetworkConditions", limits)
    return page


def at_step(visit: Visits, cast: Cast, application: AIApplication, step: str) -> Page:
    return slow(visit(cast.alice), reverse("risk:questionnaire", args=[application.pk]) + f"?step={step}")


def press(page: Page, choice: str) -> None:
    """A click as a hand makes it, without waiting for anything."""
    page.evaluate("id => document.getElementById(id).click()", choice)


def stored(application: AIApplication) -> dict[str, object]:
    return dict(application.answers.values_list("question", "value"))


def quiet(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2 * LATENCY)
    expect(page.locator(".htmx-request")).to_have_count(0)


def test_every_click_arrives_while_questions_come(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    page = at_step(visit, cast, begun, "prohibited")
    given = {one: one in ("p_d", "p_f") for one in PRACTICES}
    for question, answer in given.items():
        press(page, f"{question}-{'yes' if answer else 'no'}")
    press(page, "p_a-unknown")  # changed one's mind
    for follow_up in ("p_d_facts", "p_f_safety"):  # came while the others were clicked
        page.locator(f"#{follow_up}-yes").check()
    quiet(page)
    assert stored(begun) == {**SCOPE, **given, "p_a": None, "p_d_facts": True, "p_f_safety": True}
    order = page.locator(".question").evaluate_all("all => all.map(one => one.id)")
    assert order.index("p_d_facts") == order.index("p_d") + 1
    press(page, "p_d-no")
    expect(page.locator("#p_d_facts")).to_have_count(0)
    expect(page.locator("#p_f_safety-yes")).to_be_checked()


def test_a_click_that_is_held_while_the_answer_comes_counts(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    page = at_step(visit, cast, begun, "prohibited")
    quiet(page)
    choice = page.locator("label:has(#p_e-no)")
    choice.hover()  # which also brings it into view
    box = choice.bounding_box()
    assert box
    press(page, "p_d-yes")
    page.mouse.move(box["x"] + 20, box["y"] + 8)
    page.mouse.down()
    page.wait_for_timeout(6 * LATENCY)
    assert page.locator("#p_d_facts").count() == 0  # nothing comes while it is held
    page.mouse.up()
    expect(page.locator("#p_d_facts")).to_be_visible()
    quiet(page)
    assert stored(begun).items() >= {"p_d": True, "p_e": False}.items()


def test_what_lies_under_the_pointer_stays_there(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    page = at_step(visit, cast, begun, "prohibited")
    quiet(page)
    hand = page.locator("#p_e")
    hand.hover()
    before = hand.bounding_box()
    press(page, "p_d-yes")
    expect(page.locator("#p_d_facts")).to_be_attached()
    quiet(page)
    after = hand.bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) <= 1


def test_the_keyboard_keeps_its_place(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    page = at_step(visit, cast, begun, "prohibited")
    page.locator("#p_a-no").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the question after it
    page.keyboard.press("ArrowRight")
    expect(page.locator("#p_b-no")).to_be_focused()
    quiet(page)
    expect(page.locator("#p_b-no")).to_be_focused()
    assert stored(begun).items() >= {"p_a": False, "p_b": False}.items()


def test_whoever_leaves_at_once_loses_nothing(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    page = at_step(visit, cast, begun, "prohibited")
    for one in PRACTICES[:4]:
        press(page, f"{one}-no")
    page.get_by_role("link", name="Controls").first.click()
    page.wait_for_url("**/controls/")
    quiet(page)
    assert stored(begun).items() >= dict.fromkeys(PRACTICES[:4], False).items()


def test_none_of_these_and_the_others_exclude_each_other(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    page = at_step(visit, cast, begun, "scope")
    press(page, "role-none")
    expect(page.locator("#role-uses")).not_to_be_checked()
    press(page, "role-uses")
    expect(page.locator("#role-none")).not_to_be_checked()
    press(page, "role-imports")
    press(page, "union_nexus-yes")
    quiet(page)
    assert stored(begun)["role"] == ["uses", "imports"]


def test_a_refused_answer_stays_with_its_reason_and_holds_up_no_other(
    visit: Visits, cast: Cast, begun: AIApplication
) -> None:
    clear = {**dict.fromkeys(PRACTICES, False), "annex_i": "none", "crime_law_authorised": False}
    assessments.save_answers(actor=cast.alice, application=begun, answers={**clear, "app.generative": False})
    page = at_step(visit, cast, begun, "transparency")
    press(page, "synthetic-yes")
    page.locator("#assistive_edit-no").check()
    expect(page.locator(".field-errors").first).to_contain_text("contradict")
    press(page, "emotion_or_categorisation-no")
    quiet(page)
    assert stored(begun).items() >= {"synthetic": True, "emotion_or_categorisation": False}.items()
    assert "assistive_edit" not in stored(begun)
    expect(page.locator("#assistive_edit-no")).to_be_checked()
    press(page, "assistive_edit-yes")
    expect(page.locator(".field-errors")).to_have_count(0)
    assert stored(begun)["assistive_edit"] is True


def test_trying_things_fast_tries_all_of_them(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    due = (timezone.localdate() + timedelta(days=90)).isoformat()  # a day that has passed is refused
    page = slow(visit(cast.alice), reverse("risk:what_if", args=[begun.pk]))
    page.evaluate(CHOOSE, ["q:scale", "over_1m"])
    page.locator("#id_due").fill(due)
    for name, value in {"q:consequence": "economic", "q:autonomy": "acts_alone", "q:people": "public"}.items():
        page.evaluate(CHOOSE, [name, value])
    expect(page.locator("#what-if-effect")).to_contain_text("Who decides or acts")
    quiet(page)
    assert page.url.partition("?")[2].count("=") == 4  # what is as it is, is not in the address
    expect(page.locator("#id_due")).to_have_value(due)
    page.reload()
    expect(page.locator("[name='q:people']")).to_have_value("public")
    page.locator("#id_due").fill(due)
    page.get_by_role("button", name="Make tasks of these").click()
    page.wait_for_url("**#tasks")
    assert begun.tasks.count() == 4


def test_a_name_typed_fast_finds_its_look_alikes(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    page = slow(visit(cast.alice), reverse("inventory:register"))
    page.locator("#id_name").focus()
    for part in ("Card", " hel", "per"):
        page.keyboard.type(part, delay=10)
        page.wait_for_timeout(400)  # each starts a search while the one before is on its way
    page.locator("#id_purpose").click()
    page.keyboard.type("Answers letters.", delay=10)
    expect(page.locator("#similar")).to_contain_text("Card helper")
    expect(page.locator("#id_name")).to_have_value("Card helper")
    expect(page.locator("#id_purpose")).to_have_value("Answers letters.")


def test_a_note_typed_while_its_control_is_saved_stays(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    seen = visit(cast.alice)
    where = reverse("risk:controls", args=[begun.pk]) + "?family=GV"
    page = slow(seen, where)
    page.locator("#id_GV-01-note").fill("Not with a state yet")
    page.keyboard.press("Tab")
    expect(page.locator("#saved-GV-01")).to_contain_text("Choose a state")
    page.locator("#id_GV-01-status").select_option("attested")
    page.locator("#id_GV-01-note").fill("The head of Cards")
    page.keyboard.type(" owns it", delay=60)  # the answer to the state comes meanwhile
    expect(page.locator("#state-GV-01")).to_contain_text("Attested")
    expect(page.locator("#id_GV-01-note")).to_be_focused()
    page.get_by_role("link", name="Summary").click()  # leaving saves what is still being typed
    page.wait_for_url("**/applications/*/")
    quiet(page)
    assert begun.control_states.get().note == "The head of Cards owns it"
