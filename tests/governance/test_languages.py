"""A language is a catalogue away: an invented one, which shouts every text, shows on pages; English stays as it is."""

import gettext
import re
from datetime import date

import pytest
from django.forms import DateField
from django.template import engines
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format, get_format, localize
from django.utils.translation import gettext_lazy, ngettext_lazy, trans_real

from governance.formats import without_empty_catalogues
from inventory.charts.base import many
from inventory.choices import RoleKind, in_english
from inventory.models import AuditLogEntry
from inventory.services.people import give_role

VARIABLE = re.compile(r"(%\(\w+\)s|%?\{[^}]*\}|&#?\w+;|<[^>]*>)")


def shouted(text: str) -> str:
    """In capitals, but for variables and markup."""
    return "".join(part if VARIABLE.fullmatch(part) else part.upper() for part in VARIABLE.split(text))


class Shouting(gettext.NullTranslations):
    """A catalogue that has every message, and three forms where English has two: none, one, more."""

    def gettext(self, message: str) -> str:
        return shouted(message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        return shouted(f"no {many}" if number == 0 else one if number == 1 else many)

    def language(self) -> str:
        return "x-loud"

    to_language = language


@pytest.fixture
def loud(monkeypatch):
    """Everything that is asked for inside is told in the invented language."""
    monkeypatch.setitem(trans_real._translations, "x-loud", Shouting())
    with translation.override("x-loud"):
        yield


def page(person, url: str) -> str:
    client = Client()
    client.force_login(person)
    answer = client.get(url)
    assert answer.status_code == 200
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())


def test_a_page_speaks_another_language(cast, loud):
    html = page(cast.alice, reverse("inventory:register"))
    assert "<h1>REGISTER AN AI APPLICATION</h1>" in html
    assert 'aria-label="MAIN"' in html  # an attribute
    assert "WHAT IS IT FOR?" in html  # a form's label
    assert "EMPTY WHEN IT IS MADE IN-HOUSE." in html  # and its help
    assert "SKIP TO CONTENT" in html  # the shell


def test_so_do_texts_given_to_components(cast, loud):
    html = page(cast.carol, reverse("governance:overview"))
    assert "RESIDUAL RISK BY DEPARTMENT AND PRINCIPLE" in html
    assert "NO LIVE APPLICATION YET" in html


def test_a_language_may_have_other_forms_of_a_count(loud):
    source = (
        "{% load hub %}{% badge _('live') %}{{ none|default:_('nobody') }}"
        "{% blocktranslate count counter=number with of=total %}{{ counter }} row of {{ of }}{% plural %}"
        "{{ counter }} rows of {{ of }}{% endblocktranslate %}"
    )
    template = engines["django"].from_string(source)
    shown = [template.render({"number": number, "total": "all", "none": ""}) for number in (0, 1, 2)]
    assert [text.removeprefix('<span class="badge tone-neutral">LIVE</span>NOBODY') for text in shown] == [
        "NO 0 ROWS OF all",
        "1 ROW OF all",
        "2 ROWS OF all",
    ]


def test_so_do_labels_of_choices(cast, loud):
    html = page(cast.alice, reverse("inventory:register"))
    assert ">EMBEDDED FEATURE</option>" in html
    assert ">FROM THE VENDOR FIELD</option>" in html


def test_so_do_charts_and_navigation(cast, loud):
    html = page(cast.ada, reverse("governance:analytics"))
    assert "VISITS TO AI SITES OVER TIME" in html
    assert "VISITS PER DAY, THE 5 SITES VISITED MOST" in html
    assert "ACTIVITY EXPLORER" in html


def test_so_do_their_sources_and_how_far_a_filter_reaches(cast, loud):
    html = page(cast.ada, reverse("governance:analytics_risk") + "?kind=model")
    assert "DEPARTMENT FIGURES BY DAY" in html
    assert "ALL APPLICATIONS" in html


def test_so_does_what_a_rule_of_recommendations_says_with_its_thresholds(cast, loud):
    html = page(cast.ada, reverse("governance:thresholds"))
    assert "UNSANCTIONED AI APP IN USE" in html
    assert "WAS USED BY AT LEAST 3 people OR WAS SENT AT LEAST 10 MIB IN 30 DAYS" in html  # a value's noun is its own


def test_a_count_in_a_chart_takes_the_form_of_its_language(loud):
    apps = ngettext_lazy("%(number)s AI app", "%(number)s AI apps", "n")
    assert [many(number, apps) for number in (0, 1, 1204)] == ["NO 0 AI APPS", "1 AI APP", "1,204 AI APPS"]


def test_what_is_kept_stays_english(cast, loud):
    """Whoever acts in whatever language: the next reader of the log reads English."""
    give_role(actor=cast.ada, user=cast.eve, department=cast.retail, kind=RoleKind.TEAM_MEMBER)
    entry = AuditLogEntry.objects.order_by("-id")[0]
    assert entry.summary == f"{cast.eve} is Team member of {cast.retail}"
    assert in_english(gettext_lazy("Live")) == "Live"


@pytest.mark.parametrize("name", ["governance:overview", "inventory:register", "inventory:feeds"])
def test_english_is_the_same_with_and_without_a_catalogue(cast, name):
    """English, which has catalogues of Django and of libraries, against none at all."""
    english = page(cast.ada, reverse(name))
    with translation.override(None):
        assert page(cast.ada, reverse(name)) == english


def test_english_is_looked_up_once_and_a_language_with_words_in_all_of_its_catalogues(monkeypatch):
    monkeypatch.setattr(trans_real, "_translations", {})
    every = {one: len(trans_real.translation(one)._catalog._catalogs) for one in ("en", "de")}
    words = dict(trans_real.translation("de")._catalog.items())
    for language in every:
        without_empty_catalogues(language)
    english, german = (trans_real.translation(one)._catalog for one in ("en", "de"))
    assert every["en"] > 1
    assert (len(english._catalogs), len(english._plurals)) == (1, 1)
    assert len(german._catalogs) == len(german._plurals) > 1
    assert {key: text for key, text in german.items() if key} == {key: text for key, text in words.items() if key}
    with translation.override("en"):
        assert (translation.gettext("Overview"), translation.ngettext("%(n)s day", "%(n)s days", 2)) == (
            "Overview",
            "%(n)s days",
        )


def test_days_are_written_and_read_as_in_great_britain():
    """The language is English alone, whose own formats are American."""
    day = date(2026, 3, 4)
    assert (localize(day), date_format(day, "SHORT_DATE_FORMAT"), get_format("FIRST_DAY_OF_WEEK")) == (
        "4 Mar 2026",
        "04/03/2026",
        1,
    )
    assert DateField(localize=True).clean("04/03/2026") == day
