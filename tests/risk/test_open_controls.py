"""Pages of controls left open while somebody else states: nothing is replaced unseen."""

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from inventory.models import AIApplication
from risk.services import controls
from tests.cast import Cast
from tests.risk.evidence import link
from tests.risk.test_pages import HTMX, as_, shown

DAY = date(2026, 1, 5)


def state(who: Any, application: AIApplication, status: str, key: str = "GV-01", **more: Any) -> None:
    controls.state_control(actor=who, application=application, control=key, status=status, **{"as_of": DAY, **more})


def stored(application: AIApplication, key: str = "GV-01") -> tuple[str | None, str]:
    found = application.control_states.get(control=key)
    return found.status, found.note


def held(page: str, key: str = "GV-01") -> dict[str, str]:
    found = re.search(rf'name="({key}-shown)" value="([^"]*)"', page)
    assert found
    return {found[1]: unescape(found[2])}


def fields(status: str, note: str = "", key: str = "GV-01") -> dict[str, str]:
    return {
        f"{key}-status": status,
        f"{key}-as_of": str(DAY),
        f"{key}-due": "",
        f"{key}-owner": "",
        f"{key}-note": note,
    }


def one(application: AIApplication) -> str:
    return reverse("risk:control", args=[application.pk, "GV-01"])


def every(application: AIApplication) -> str:
    return reverse("risk:controls", args=[application.pk]) + "?family=GV"


def test_save_all_leaves_what_others_stated_meanwhile(cast: Cast, application: AIApplication) -> None:
    state(cast.alice, application, "planned", note="first\nline")
    opened = held(shown(as_(cast.alice), every(application)))
    state(cast.bob, application, "attested", note="newer")
    sent = {**opened, **fields("planned", "first\r\nline"), **fields("planned", key="GV-02")}
    assert as_(cast.alice).post(every(application), sent).status_code == 302
    assert stored(application) == ("attested", "newer")
    assert stored(application, "GV-02") == ("planned", "")


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_third_statement_is_put_beside_theirs(
    cast: Cast, application: AIApplication, headers: dict[str, str]
) -> None:
    state(cast.alice, application, "planned", note="first")
    opened = held(shown(as_(cast.alice), one(application)))
    state(cast.bob, application, "attested", note="newer")
    page = as_(cast.alice).post(one(application), {**opened, **fields("planned", "mine")}, headers=headers)
    said = page.content.decode()
    assert stored(application) == ("attested", "newer")
    assert "Bob" in said
    assert "“newer”" in said
    assert "“mine”" in said
    (over,) = re.findall(r'name="GV-01-over" value="(\{[^"]*)"', said)
    decided = {**opened, **fields("planned", "mine"), "GV-01-over": unescape(over)}
    answer = as_(cast.alice).post(one(application), decided, headers=headers)
    assert stored(application) == ("attested", "mine")  # only what was changed goes over theirs
    assert "GV-01-over" not in answer.content.decode()


def test_keeping_theirs_brings_it_to_the_page(cast: Cast, application: AIApplication) -> None:
    state(cast.alice, application, "planned", note="first")
    opened = held(shown(as_(cast.alice), one(application)))
    state(cast.bob, application, "attested", note="newer")
    sent = {**opened, **fields("planned", "mine"), "GV-01-over": "theirs"}
    answer = as_(cast.alice).post(one(application), sent, headers=HTMX)
    assert stored(application) == ("attested", "newer")
    assert answer["HX-Retarget"] == "#fields-GV-01"
    assert "newer</textarea>" in answer.content.decode()


def test_a_decision_over_what_was_replaced_once_more_is_asked_again(cast: Cast, application: AIApplication) -> None:
    state(cast.alice, application, "planned")
    opened = held(shown(as_(cast.alice), one(application)))
    state(cast.bob, application, "attested", note="newer")
    page = as_(cast.alice).post(one(application), {**opened, **fields("planned", "mine")}, headers=HTMX)
    (over,) = re.findall(r'name="GV-01-over" value="(\{[^"]*)"', page.content.decode())
    state(cast.bob, application, "attested", note="newest")
    sent = {**opened, **fields("planned", "mine"), "GV-01-over": unescape(over)}
    page = as_(cast.alice).post(one(application), sent, headers=HTMX)
    assert stored(application) == ("attested", "newest")
    assert "“newest”" in page.content.decode()


def test_a_first_statement_of_two_people_at_once(cast: Cast, application: AIApplication) -> None:
    opened = held(shown(as_(cast.alice), every(application)))
    state(cast.bob, application, "attested", note="newer")
    page = as_(cast.alice).post(every(application), {**opened, **fields("planned")})
    assert page.status_code == 400
    assert stored(application) == ("attested", "newer")


def test_changing_back_what_one_just_saved(cast: Cast, application: AIApplication) -> None:
    state(cast.alice, application, "planned")
    client = as_(cast.alice)
    opened = held(shown(client, one(application)))
    said = client.post(one(application), {**opened, **fields("attested")}, headers=HTMX).content.decode()
    client.post(one(application), {**held(said), **fields("planned")}, headers=HTMX)
    assert stored(application) == ("planned", "")


def test_what_was_right_stays_on_a_page_that_is_not_saved(cast: Cast, application: AIApplication) -> None:
    sent = {**fields("planned", "kept"), **fields("planned", key="GV-02"), "GV-02-as_of": "2999-01-01"}
    page = as_(cast.alice).post(every(application), sent)
    assert page.status_code == 400
    assert "kept</textarea>" in page.content.decode()


@pytest.mark.parametrize("hostile", ["{", "[1]", '{"status": {}}', "[" * 5000])
def test_what_no_page_wrote_is_read_as_nothing_shown(cast: Cast, application: AIApplication, hostile: str) -> None:
    sent = {**fields("planned"), "GV-01-shown": hostile, "GV-01-over": hostile}
    as_(cast.alice).post(one(application), sent)
    assert stored(application) == ("planned", "")


def test_a_correction_of_evidence_leaves_what_others_corrected(cast: Cast, application: AIApplication) -> None:
    item = link(application, actor=cast.alice)
    address = reverse("risk:evidence_item", args=[application.pk, item.pk])
    found = re.search(r'name="shown" value="([^"]*)"', shown(as_(cast.alice), address))
    assert found
    opened = {"shown": unescape(found[1])}
    day = {"issued": str(item.issued), "valid_until": str(item.valid_until or "")}
    theirs = {**opened, **day, "title": "Bob's words", "kind": item.kind}
    assert as_(cast.bob).post(address, theirs).status_code == 302
    unchanged = {**opened, **day, "title": item.title, "kind": item.kind}
    assert as_(cast.alice).post(address, unchanged).status_code == 302
    item.refresh_from_db()
    assert item.title == "Bob's words"
    mine = {**unchanged, "issued": "2026-01-04"}
    page = as_(cast.alice).post(address, mine)
    assert page.status_code == 400
    said = unescape(page.content.decode())
    assert "Bob" in said
    assert "“Bob's words”" in said
    (over,) = re.findall(r'name="over" value="(\{[^"]*)"', page.content.decode())
    assert as_(cast.alice).post(address, {**mine, "over": unescape(over)}).status_code == 302
    item.refresh_from_db()
    assert (item.title, str(item.issued)) == ("Bob's words", "2026-01-04")
