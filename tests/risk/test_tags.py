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


def test_a_mover_shows_its_largest_cause_and_keeps_the_others_behind_a_click():
    cause = SimpleNamespace(label=HOSTILE, amount=1.25, what="<b>")
    moved = SimpleNamespace(days=30, point=70.4, band="high", change=2.0, causes=[cause, cause, cause])
    still = SimpleNamespace(days=60, point=70.4, band="high", change=0.0, causes=[])
    shown = render("{% mover_steps steps %}", steps=[moved, still])
    first, second = shown.split("</td>")[:2]
    assert HOSTILE not in shown
    assert first.startswith('<td class="stack-wide" data-label="In 30 days">')
    assert first.count(ESCAPED) == 3
    assert "2 more" in first
    assert "<b>+2.0</b>" in first
    assert "as today" in second
    assert "<details" not in second
