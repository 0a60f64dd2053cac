"""A page of a record left open: only what the person changed is saved, and nothing of somebody else's is lost."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from inventory.models import AIApplication, User
from risk.models import Record
from risk.services import records
from tests.cast import Cast

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


class Page:
    """A page as a browser holds it: its fields and hidden marks, sent as they stand."""

    def __init__(self, person: User, application: AIApplication) -> None:
        self.client = Client()
        self.client.force_login(person)
        self.where = reverse("risk:record", args=[application.pk, "impact"]) + "?section=system"
        body = self.client.get(self.where).content.decode()
        self.marks = dict(re.findall(r'name="(shown:[a-z_]+)"[^>]*value="([0-9a-f]*)"', body))
        content = Record.objects.latest("id").content
        self.fields = {name: content.get(name, "") for name in ("name", "purpose", "description")}

    def save(self, htmx: bool = True, **typed: str):
        self.fields |= typed
        headers = HTMX if htmx else {}
        answer = self.client.post(self.where, {"action": "save", **self.fields, **self.marks}, headers=headers)
        self.marks |= dict(re.findall(r'name="(shown:[a-z_]+)"[^>]*value="([0-9a-f]*)"', answer.content.decode()))
        return answer


@pytest.fixture
def draft(cast: Cast, application: AIApplication) -> Record:
    return records.start(actor=cast.alice, application=application, form="impact")


def content(draft: Record) -> dict:
    return Record.objects.get(pk=draft.pk).content


def test_fields_left_alone_leave_those_of_others(cast: Cast, application: AIApplication, draft: Record) -> None:
    hers, his = Page(cast.alice, application), Page(cast.bob, application)
    his.save(name="Named by Bob")
    hers.save(description="Described by Alice")
    assert (content(draft)["name"], content(draft)["description"]) == ("Named by Bob", "Described by Alice")
    hers.save(description="Described by Alice, further")  # the old name still stands on her page
    assert content(draft)["name"] == "Named by Bob"


@pytest.mark.parametrize("htmx", [True, False])
def test_what_both_wrote_is_asked_about_and_then_decided(
    cast: Cast, application: AIApplication, draft: Record, htmx: bool
) -> None:
    hers, his = Page(cast.alice, application), Page(cast.bob, application)
    his.save(name="Named by Bob")
    answer = hers.save(name="Named by Alice", htmx=htmx)
    assert content(draft)["name"] == "Named by Bob"
    assert "Bob wrote here since this page was opened" in answer.content.decode()
    if not htmx:
        assert answer.status_code == 400
        assert "Named by Alice" in answer.content.decode()  # her words are still in the field
    hers.save(name="Named by Alice", htmx=htmx)
    assert content(draft)["name"] == "Named by Alice"


def test_the_same_words_are_no_matter(cast: Cast, application: AIApplication, draft: Record) -> None:
    hers, his = Page(cast.alice, application), Page(cast.bob, application)
    his.save(name="The same")
    assert "wrote here" not in hers.save(name="The same").content.decode()
    for name in ("One", "Two", "Three"):
        hers.save(name=name)
        assert content(draft)["name"] == name


def test_submitting_an_old_page_replaces_nothing_unseen(cast: Cast, application: AIApplication, draft: Record) -> None:
    hers, his = Page(cast.alice, application), Page(cast.bob, application)
    his.save(name="Named by Bob")
    hers.client.post(hers.where, {"action": "submit", **hers.fields, **hers.marks})
    assert content(draft)["name"] == "Named by Bob"
