"""Tags: figures for the eye, links that keep the rest of the address, and nothing from outside becomes markup."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.timesince import timesince

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture(autouse=True)
def plain_static_files(settings):
    """Hashed names need collected files, which the tags don't."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def render(source: str, url: str = "/", **values: object) -> str:
    request = RequestFactory().get(url)
    request.user = AnonymousUser()
    template = engines["django"].from_string("{% load hub %}" + source)
    return template.render({**values, "request": request}).strip()


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ 66.6|score }}", "67"),
        ('{{ "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"|tail:9 }}', "…aaaaaaaa/"),
        ('{{ "url"|entity }} {{ "account"|entity }} {{ "odd"|entity }}', "Address Person odd"),
        ('{{ "until 2027-01-15, not 2027-13-45"|with_days }}', "until 15 Jan 2027, not 2027-13-45"),
        ("{{ 0|risk_class }} {{ 74.9|risk_class }} {{ 100|risk_class }}", "risk-0 risk-7 risk-9"),
        ("{{ none|risk_class }}", "risk-none"),
        ("{{ 0.004|percent }} {{ 0|percent }} {{ 0.126|percent }}", "&lt;1\u00a0% 0\u00a0% 13\u00a0%"),
        ("{% risk_range 43.2 79.8 %}", "43–80"),
        ("{% risk_range 12.1 12.3 %}", "12"),
        ("{{ 1204|count }}", "1,204"),
    ],
)
def test_figures(source, shown):
    assert render(source, none=None) == shown


@pytest.mark.parametrize(
    ("class_id", "articles", "shown"),
    [
        ("high_risk", ["2(1)", "6(2)", "Annex III", "Annex III 5(b)"], "High-risk · Annex III 5(b)"),
        ("transparency", ["2(1)", "50(1)", "4"], "Transparency · Art. 50(1)"),
        ("prohibited", "2(1);5(1)(c)", "Prohibited · Art. 5(1)(c)"),
        ("minimal", ["2(1)", "4"], "Minimal"),
    ],
)
def test_a_class_names_the_article_that_decided_it(class_id, articles, shown):
    assert render("{% eu_class c a plain=True %}", c=class_id, a=articles) == shown


def test_an_open_class_says_the_gravest_and_names_all_on_hover() -> None:
    html = render("{% eu_class none none p %}", none=None, p=["prohibited", "high_risk", "minimal"])
    assert "May be prohibited" in html
    assert 'title="Not decided yet: prohibited or high-risk or minimal"' in html
    several = ["prohibited", "high_risk", "transparency", "minimal"]
    assert "Not decided yet</span>" in render("{% eu_class none none p %}", none=None, p=several)
    html = render("{% eu_class none none p %}", none=None, p=["minimal", "prohibited"])
    assert "May be prohibited" in html
    assert 'title="Not decided yet: prohibited or minimal"' in html


def test_what_may_be_prohibited_does_not_look_harmless() -> None:
    warned = ["prohibited", "high_risk"]
    assert "tone-warn" in render("{% eu_class none none p %}", none=None, p=warned)
    assert "badge" not in render("{% eu_class none none p plain=True %}", none=None, p=warned)
    for open_yet in (["high_risk", "minimal"], ["prohibited", "high_risk", "transparency", "minimal"], []):
        assert "tone-neutral" in render("{% eu_class none none p %}", none=None, p=open_yet)


def test_nothing_is_a_dash_that_is_read_aloud():
    for source in ("{{ none|score }}", "{% delta none %}", "{% risk_range none none %}", "{{ none|count }}"):
        assert "visually-hidden" in render(source, none=None)


def test_a_change_says_whether_it_is_for_the_worse():
    assert "delta-worse" in render("{% delta 6.4 %}")
    assert "delta-better" in render("{% delta down %}", down=-3)
    assert "delta-better" in render("{% delta 17 more_is_worse=False %}")


def test_the_range_bar_is_drawn_with_attributes():
    svg = render('{% range_bar 40 79 67 "high" "Fairness" %}')
    assert 'x="80.0"' in svg
    assert 'width="78.0"' in svg
    assert "Fairness: risk 67 of 100, range 40 to 79" in svg
    assert "style=" not in svg


def test_parts_fill_their_bar():
    svg = render('{% share_bar "met" 3 "gap" 1 %}')
    assert 'x="0.00" width="150.00"' in svg
    assert 'x="150.00" width="50.00"' in svg
    assert "part-gap" in svg


def test_sorting_keeps_the_filters_and_drops_the_page():
    source = '{% sort_header "Risk" "risk" kind="num" %}'
    assert 'href="?q=credit&amp;sort=-risk"' in render(source, "/?q=credit&page=4")
    turned = render(source, "/?q=credit&sort=-risk")
    assert 'href="?q=credit&amp;sort=risk"' in turned
    assert 'aria-sort="descending"' in turned


def test_a_changed_address_keeps_the_rest():
    assert render('{% url_with band="high" q="" %}', "/?q=x&period=90&page=2") == "?period=90&amp;band=high"


def test_several_words_of_a_filter_are_one_option_that_says_so():
    source, choices = "{% options choices chosen %}", [("a", "Agent"), ("m", "Model"), ("a,c", "Open")]
    assert render(source, choices=choices, chosen="m").count(" selected") == 1
    assert '<option value="m,a" selected>Model or Agent</option>' in render(source, choices=choices, chosen=("m", "a"))
    assert '<option value="a,c" selected>Open</option>' in render(source, choices=choices, chosen=("a", "c"))
    assert '<option value="a" selected>' in render(source, choices=choices, chosen=("a", "robot"))
    assert " selected" not in render(source, choices=choices, chosen=())


@pytest.mark.parametrize("written", [["PrivilegeEscalation", "Impact"], ["privilege_escalation", "impact"]])
def test_tactics_are_words(written):
    assert render("{{ t|tactics }}", t=written) == "Privilege escalation, impact"


def test_the_filter_bar_carries_what_it_does_not_show():
    html = render(
        '{% filter_bar departments=options %}<select name="band"></select>{% endfilter_bar %}',
        "/?department=retail&sort=-risk&page=3&band=high&q=a%22b",
        options=[("bank", "Bank", 0), ("retail", "Retail", 1)],
    )
    assert '<input type="hidden" name="sort" value="-risk">' in html
    assert '<input type="hidden" name="q" value="a&quot;b">' in html
    assert 'name="page"' not in html
    assert 'type="hidden" name="band"' not in html
    assert '<option value="retail" selected>' in html


def test_pages_keep_the_filters():
    page = Paginator(range(1000), 50).get_page(10)
    html = render('{% pagination page noun="applications" %}', "/?q=x", page=page)
    assert "451–500 of 1,000 applications" in html
    assert 'href="?q=x&amp;page=11"' in html
    assert 'aria-current="page">10<' in html


@pytest.mark.parametrize(
    ("rows", "number", "said"),
    [(1, 1, "<p>1 of 1 in the list</p>"), (51, 2, "<p>51 of 51 applications</p>"), (0, 1, "<p>No applications</p>")],
)
def test_a_page_of_one_row_is_no_range(rows, number, said):
    page = Paginator(range(rows), 50).get_page(number)
    assert said in render('{% pagination page noun="applications" %}', page=page)


def test_a_field_ties_label_help_and_errors_to_its_input():
    class Form(forms.Form):
        name = forms.CharField(help_text="As the team calls it.")
        alone = forms.ChoiceField(widget=forms.RadioSelect, choices=[("a", "A person decides")])

    html = render("{% form_fields form %}", form=Form({"name": ""}))
    assert 'for="id_name"' in html
    assert 'id="id_name_helptext"' in html
    assert "id_name_helptext" in html[html.index("<input") :].split(">")[0]
    assert "This field is required." in html
    assert "<legend" in html
    assert "style=" not in html


@pytest.mark.parametrize(
    "source",
    [
        '{% badge x "info" %}',
        "{% tile label=x value=x note=x href=x %}",
        "{% card title=x subtitle=x href=x link=x %}{{ x }}{% endcard %}",
        "{% empty title=x %}{{ x }}{% endempty %}",
        "{% alert title=x tone=x %}{{ x }}{% endalert %}",
        "{% menu label=x %}{{ x }}{% endmenu %}",
        "{% secret value=x label=x hint=x %}",
        "{% eu_class x x %}",
        "{% eu_class none none many %}",
        "{% band x 3 %}",
        "{% range_bar 1 2 3 x x %}",
        "{% sort_header x x title=x %}",
        "{% tabs items=rows label=x %}",
        "{% stepper items=rows label=x %}",
        "{% filter_bar departments=options kinds=options %}{% endfilter_bar %}",
        "{% term x x %}",
        "{% progress value=1 total=2 label=x %}",
    ],
)
def test_names_from_outside_are_text(source):
    rows = [{"label": HOSTILE, "url": HOSTILE, "count": HOSTILE, "note": HOSTILE, "state": "done"}]
    html = render(source, x=HOSTILE, rows=rows, many=[HOSTILE], options=[(HOSTILE, HOSTILE)], none=None)
    assert "<script" not in html


def test_a_day_is_one_piece():
    assert (
        render("{{ d|day }}", d=datetime(2026, 11, 22, 9, tzinfo=UTC))
        == '<time datetime="2026-11-22">22 Nov 2026</time>'
    )
    assert "visually-hidden" in render("{{ none|day }}", none=None)


def test_when_is_relative_with_the_time_on_hover():
    moment = datetime.now(UTC) - timedelta(hours=2, minutes=5)
    html = render("{% when moment %}", moment=moment)
    assert "2\xa0hours ago" in html
    assert moment.isoformat() in html
    assert render("{% when none %}", none=None) == "never"


def test_rows_written_without_the_template_language_stay_text() -> None:
    row = SimpleNamespace(label=HOSTILE, url=f"/?q={HOSTILE}", shown=[HOSTILE, "1,204"])
    table = render("{% chart_rows rows %}", rows=[row])
    assert "<script>" not in table
    assert '<td class="num">1,204</td></tr>' in table

    cells = [SimpleNamespace(value=value, url=f"/?q={HOSTILE}", title=HOSTILE) for value in (66.6, None)]
    matrix = render("{% matrix_cells cells %}", cells=cells)
    assert "<script>" not in matrix
    assert matrix.count("<a ") == matrix.count("<span title=") == 1  # where there is no figure nothing leads on
    assert '<td class="risk-6"><a ' in matrix


def test_an_icon_named_safe_once_does_not_open_the_way_for_the_same_text() -> None:
    assert "<b>" in render('{% icon "x" label %}', label=mark_safe("<b>own</b>"))
    assert "<b>" not in render('{% icon "x" label %}', label="<b>own</b>")


def test_a_link_that_changes_the_address_keeps_every_value_of_it() -> None:
    shown = render("{% url_with sort='name' %}", url="/?kind=a&kind=b%26c&page=3")
    assert shown == "?kind=a&amp;kind=b%26c&amp;sort=name"


def test_a_figure_can_not_end_its_script():
    chart = SimpleNamespace(script_id='a"b', figure={"data": [{"name": f"{HOSTILE} & more", "y": [1, 2.5, None]}]})
    shown = render("{% figure chart %}", chart=chart)
    head, _, rest = shown.partition(">")
    assert head == '<script id="a&quot;b" type="application/json"'
    written = rest.removesuffix("</script>")
    assert not set("<>&") & set(written)
    assert json.loads(written) == chart.figure


def test_counts_are_told_apart_by_their_type():
    assert render("{{ one|count }} {{ same|count }}", one=1, same=1.0) == "1 1.0"


AGES = (
    *(timedelta(seconds=seconds) for seconds in (-5, 0, 59, 60, 3599, 3600, 86_399, 86_400, 604_799, 604_800)),
    *(
        timedelta(days=days, seconds=seconds)
        for days in (27, 28, 30, 31, 59, 364, 365, 366, 800)
        for seconds in (-1, 0, 1)
    ),
)


@pytest.mark.parametrize("now", [datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC), datetime(2028, 2, 29, 12, tzinfo=UTC)])
def test_an_age_is_told_as_django_tells_it(now, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: now)
    for age in AGES:
        told = timesince(now - age, now, depth=1)
        words = "just now" if told.startswith("0") else f"{told} ago"
        assert render("{% when moment %}", moment=now - age).endswith(f">{words}</time>"), age


def test_a_link_keeps_every_other_value_of_the_address():
    shown = render("{% url_with q=text page=None %}", url="/?kind=a&kind=b%26c&page=3", text="x y&z")
    assert shown == "?kind=a&amp;kind=b%26c&amp;q=x+y%26z"


def test_what_a_badge_says_is_no_markup():
    shown = render('{% badge text tone "check" %}', text=HOSTILE, tone=HOSTILE)
    assert "<script>" not in shown
    assert shown.startswith('<span class="badge tone-&quot;&gt;')
    assert render("{% badge text %}", text=mark_safe("<b>1</b>")) == '<span class="badge tone-neutral"><b>1</b></span>'
