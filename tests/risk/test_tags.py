"""What tags write themselves: nothing from outside becomes markup."""

from types import SimpleNamespace

from django.template import engines

HOSTILE = '"><script>alert(1)</script>'
ESCAPED = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"


def render(source: str, **values: object) -> str:
    return engines["django"].from_string("{% load risk %}" + source).render(values)


def test_causes_are_items_of_a_list():
    cause = SimpleNamespace(label=HOSTILE, amount=-1.25, what="<b>")
    shown = render("{% cause_rows causes %}", causes=[cause, cause])
    item = f'<li>{ESCAPED} <b>−1.2</b> <span class="cell-note">&lt;b&gt;</span></li>'
    assert shown == item * 2


def test_picks_are_options_of_which_one_is_chosen():
    shown = render("{% picks choices %}", choices=[("yes", HOSTILE, False), (HOSTILE, "No", True)])
    assert shown == f'<option value="yes">{ESCAPED}</option><option value="{ESCAPED}" selected>No</option>'
