"""The pages of written records, met by the cast."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import AIApplication, User
from inventory.services import applications
from risk.models import Record
from risk.services import assessments, records
from tests.cast import Cast
from tests.risk.written import write

FORMS = ("impact", "fundamental_rights", "exemption")
HTMX = {"HX-Request": "true"}


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(application: AIApplication, form: str = "impact", query: str = "") -> str:
    return reverse("risk:record", args=[application.pk, form]) + query


def shown(user: User, where: str) -> str:
    answer = as_(user).get(where)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.mark.parametrize("form", FORMS)
def test_each_form_opens_for_who_may_see_it(cast: Cast, application: AIApplication, form: str) -> None:
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.ada):
        assert "Not begun yet" in shown(person, address(application, form))
    assert as_(cast.eve).get(address(application, form)).status_code == 404
    assert as_(cast.alice).get(address(application, "novel")).status_code == 404
    records.start(actor=cast.alice, application=application, form=form)
    for person in (cast.alice, cast.carol, cast.dan):
        page = shown(person, address(application, form))
        assert ('name="action" value="submit"' in page) == (person == cast.alice)


def test_who_may_only_look_changes_nothing(cast: Cast, application: AIApplication) -> None:
    for person, status in ((cast.carol, 403), (cast.dan, 403), (cast.eve, 404)):
        assert as_(person).post(address(application), {"action": "start"}).status_code == status
    draft = records.start(actor=cast.alice, application=application, form="impact")
    for action in ("save", "submit", "sign", "withdraw", "report"):
        for person, status in ((cast.carol, 403), (cast.dan, 403), (cast.eve, 404)):
            assert as_(person).post(address(application), {"action": action, "name": "x"}).status_code == status
    assert Record.objects.get(pk=draft.pk).content["name"] == "Card helper"


def test_from_the_first_word_to_the_last_signature(cast: Cast, application: AIApplication) -> None:
    alice = as_(cast.alice)
    assert alice.post(address(application), {"action": "start"}).status_code == 302
    where = address(application, query="?section=system")
    saved = alice.post(where, {"name": "New name", "regions-rows": "", "regions-0-region": "EU"}, headers=HTMX)
    page = saved.content.decode()
    assert "saved" in page
    assert 'id="regions-0-region-input"' not in page  # what is typed is never swapped
    assert 'name="regions-rows" value="0"' in page  # but the page learns that the row is a stored one
    assert 'name="regions-1-region"' in shown(cast.alice, where)  # the next time an empty row stands ready
    draft = Record.objects.get()
    assert draft.content["regions"] == [{"region": "EU", "language": "", "when": ""}]
    assert "Still to be filled" in alice.post(address(application), {"action": "submit"}).content.decode()
    write(cast.alice, draft, sensitive_legal="yes")
    assert "Use 1: Clerks, Reading letters" in shown(cast.alice, address(application, query="?section=use&row=0"))
    assert alice.post(address(application), {"action": "submit"}).status_code == 302
    assert "Sensitive use: two signatures are missing" in shown(cast.dan, address(application))
    assert 'name="agrees"' not in shown(cast.alice, address(application))
    for person, said in ((cast.bob, "Another person has to sign as well"), (cast.ada, "Approved")):
        assert 'name="agrees"' in shown(person, address(application))
        answer = as_(person).post(
            address(application), {"action": "sign", "agrees": "yes", "version": "1"}, follow=True
        )
        assert said in answer.content.decode()
        assert ("Sensitive use: one signature is missing" in answer.content.decode()) == (person == cast.bob)
    assert "missing" not in shown(cast.dan, address(application))


def test_a_wrong_value_is_told_at_its_field(cast: Cast, application: AIApplication) -> None:
    records.start(actor=cast.alice, application=application, form="impact")
    sent = {"harms-rows": "", "harms-0-harm": "x", "harms-0-controls": "ZZ-99"}
    where = address(application, query="?section=summary")
    answer = as_(cast.alice).post(where, sent, headers=HTMX)
    assert "No control ZZ-99" in answer.content.decode()
    assert as_(cast.alice).post(where, sent).status_code == 400


def test_a_row_emptied_while_writing_stays_until_one_saves(cast: Cast, application: AIApplication) -> None:
    draft = write(cast.alice, records.start(actor=cast.alice, application=application, form="impact"))
    before = Record.objects.get(pk=draft.pk).content["uses"]
    sent = {"uses-rows": ["", "0"], "uses-0-who": "", "uses-0-what": "", "uses-0-where": ""}
    where = address(application, query="?section=uses")
    assert as_(cast.alice).post(where, sent, headers=HTMX).status_code == 200
    assert Record.objects.get(pk=draft.pk).content["uses"] == before
    answer = as_(cast.alice).post(where, sent | {"action": "add"})
    assert answer["Location"] == where
    assert Record.objects.get(pk=draft.pk).content["uses"] == []


def test_what_is_missing_leads_to_its_field(cast: Cast, application: AIApplication) -> None:
    records.start(actor=cast.alice, application=application, form="impact")
    page = shown(cast.alice, address(application))
    assert f'href="{address(application)}?section=data#requirements"' in page


def test_what_is_written_stays_text_and_controls_are_links(cast: Cast, application: AIApplication) -> None:
    draft = records.start(actor=cast.alice, application=application, form="impact")
    write(cast.alice, draft, requirements="<script>alert(1)</script>")
    page = shown(cast.dan, address(application, query="?whole=1"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "#HO-01" in page


def test_versions_differ_visibly_and_old_ones_stay(cast: Cast, application: AIApplication) -> None:
    one = write(cast.alice, records.start(actor=cast.alice, application=application, form="impact"))
    records.submit(actor=cast.alice, record=one)
    records.sign(actor=cast.bob, record=one, agrees=False, note="Name the overseer.")
    assert "Name the overseer." in shown(cast.alice, address(application))
    again = records.start(actor=cast.alice, application=application, form="impact")
    records.save(actor=cast.alice, record=again, section="data", values={"requirements": "Two years."})
    page = shown(cast.alice, address(application))
    assert "1 difference to the version before" in page
    assert "Letters of one year." in shown(cast.dan, address(application, query="?version=1&whole=1"))
    assert as_(cast.dan).get(address(application, query="?version=7")).status_code == 404


def test_odd_addresses_are_harmless(cast: Cast, application: AIApplication) -> None:
    write(cast.alice, records.start(actor=cast.alice, application=application, form="impact"))
    for query in ("?section=nowhere", "?section=use&row=99", "?row=x", "?version=999999", "?section=use&row=-1"):
        assert as_(cast.alice).get(address(application, query=query)).status_code in (200, 404)
    odd = {"uses-rows": ["0", "99", "x"], "uses-0-who": "a", "uses-999-who": "b", "uses-zz": "c", "onward": "//evil"}
    assert as_(cast.alice).post(address(application, query="?section=uses"), odd)["Location"] == address(application)
    assert as_(cast.alice).post(address(application), {"action": "explode"}).status_code == 404


def test_a_page_costs_the_same_for_one_version_and_for_many(cast: Cast, application: AIApplication) -> None:
    client = as_(cast.dan)

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(address(application)).status_code == 200
        return len(found)

    def another() -> None:
        one = write(cast.alice, records.start(actor=cast.alice, application=application, form="impact"))
        records.submit(actor=cast.alice, record=one)
        records.sign(actor=cast.bob, record=one, agrees=True)

    another()
    few = queries()
    for _ in range(3):
        another()
    assert queries() == few


def test_the_summary_says_what_has_to_be_written_again(cast: Cast, application: AIApplication) -> None:
    """Nobody opens the form to see whether it still holds. What is no longer asked for is left alone."""
    for form in ("impact", "fundamental_rights"):
        one = write(cast.alice, records.start(actor=cast.alice, application=application, form=form))
        records.submit(actor=cast.alice, record=one)
        records.sign(actor=cast.bob, record=one, agrees=True)
    summary = reverse("risk:application", args=[application.pk])
    assert "due again" not in shown(cast.carol, summary)
    applications.update_application(actor=cast.alice, application=application, purpose="Decides on loans.")
    page = shown(cast.carol, summary)
    assert "Impact assessment: due again" in page
    assert "Fundamental rights impact assessment: due again" in page  # whether it is asked for is open
    assert f'href="{address(application)}"' in page
    assessments.save_answers(actor=cast.alice, application=application, answers={"ai_system": False})
    assessments.save_answers(actor=cast.alice, application=application, answers={"gpai_provider": False})
    page = shown(cast.carol, summary)
    assert "Impact assessment: due again" in page
    assert "Fundamental rights impact assessment: due again" not in page


def test_nobody_signs_or_withdraws_a_version_that_they_never_saw(cast: Cast, application: AIApplication) -> None:
    """Bob reads version 1; Alice takes it back and hands in version 2, with another text, while his page stays open."""
    one = write(cast.alice, records.start(actor=cast.alice, application=application, form="impact"))
    records.submit(actor=cast.alice, record=one)
    page = shown(cast.bob, address(application))
    assert '<input type="hidden" name="version" value="1">' in page
    records.withdraw(actor=cast.alice, record=one, reason="Forgot a use.")
    two = records.start(actor=cast.alice, application=application, form="impact")
    records.submit(actor=cast.alice, record=two)
    for person, given in ((cast.bob, {"action": "sign", "agrees": "yes"}), (cast.alice, {"action": "withdraw"})):
        for version in ({"version": "1"}, {}):
            refused = as_(person).post(address(application), {"note": "x", **given, **version})
            assert refused.status_code == 400
            assert "Version 2 came since this page was opened" in refused.content.decode()
    assert Record.objects.get(pk=two.pk).state == "submitted"
    assert not two.signatures.exists()
    as_(cast.bob).post(address(application), {"action": "sign", "agrees": "yes", "version": "2"})
    assert Record.objects.get(pk=two.pk).state == "approved"
