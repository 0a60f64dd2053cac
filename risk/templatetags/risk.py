"""`{% load risk %}`: questions as choices."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.templatetags.components import escaped
from inventory.templatetags.hub import icon, risk_number
from risk.scoring.questionnaire import Item, Standing
from risk.selectors.causes import Change
from risk.selectors.movers import Step
from risk.web.answer_forms import NONE, UNKNOWN

register = template.Library()
_DONT_KNOW = gettext_lazy("I don't know")


@register.filter
def article(place: str) -> str:
    """A place in the Act as people cite it: "Art. 6(2)", but "Annex III 1(a)"."""
    return place if place.startswith(("Annex", "Recital", "recital")) else f"Art. {place}"


@register.filter
def choices(item: Item) -> list[tuple[str, str, bool]]:
    """(value, label, whether chosen) of each choice of a question; "I don't know" is always one."""
    answered = item.standing is Standing.ANSWERED
    if item.type == "yes_no":
        found = [
            ("yes", _("Yes"), answered and item.answer is True),
            ("no", _("No"), answered and item.answer is False),
        ]
    elif item.type == "multi":
        chosen = item.answer if isinstance(item.answer, list) else []
        found = [(value, label, value in chosen) for value, label in item.options]
        found.append((NONE, _("None of these"), answered and not chosen))
    else:
        found = [(value, label, answered and item.answer == value) for value, label in item.options]
    return [*found, (UNKNOWN, str(_DONT_KNOW), item.standing is Standing.UNKNOWN)]


@register.filter
def points(amount: float) -> str:
    """Points of risk with one decimal; a real minus."""
    rounded = round(float(amount), 1)
    return f"{'−' if rounded < 0 else ''}{abs(rounded):.1f}"


@register.filter
def signed(amount: float) -> str:
    """A difference with its sign and one decimal; a real minus, and no sign for none."""
    rounded = round(float(amount), 1)
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else ''}{abs(rounded):.1f}"


@register.simple_tag
def picks(choices: Iterable[tuple[str, Any, bool]]) -> SafeString:
    """(value, label, whether chosen) as the options of a list: a page may try hundreds of them."""
    rows = (
        f'<option value="{escaped(value)}"{" selected" if chosen else ""}>{escaped(label)}</option>'
        for value, label, chosen in choices
    )
    return mark_safe("".join(rows))  # noqa: S308 - every part is escaped


@register.simple_tag
def cause_rows(causes: Iterable[Change]) -> SafeString:
    """What moved a score as the items of a list: written here, since each of a page's applications has dozens."""
    return mark_safe("".join(f"<li>{_cause(one, ' ')}</li>" for one in causes))  # noqa: S308 - every part is escaped


def _cause(one: Change, space: str = "") -> str:
    note = f'<span class="cell-note">{escaped(one.what)}</span>'
    return f"{escaped(one.label)} <b>{signed(one.amount)}</b>{space}{note}"


@register.simple_tag
def mover_steps(steps: Iterable[Step]) -> SafeString:
    """The cells of an application that moves, one a horizon: the number, the largest cause, the others behind a click.
    Written here, since each of a page's applications has three."""
    return mark_safe("".join(_step(one) for one in steps))  # noqa: S308 - every part is escaped


def _step(one: Step) -> str:
    label = escaped(_("In %(days)s days") % {"days": one.days})
    shown = risk_number(one.point, one.band)
    if not one.causes:
        told = f'<span class="cell-note">{escaped(_("as today"))}</span>'
    else:
        first, others = one.causes[0], one.causes[1:]
        told = f' <b>{signed(one.change)}</b> <span class="cause">{_cause(first)}</span>'
        if others:
            more = escaped(_("%(causes)s more") % {"causes": len(others)})
            told += (
                f'<details class="disclosure"><summary>{icon("chevron-right")}{more}</summary>'
                f'<div><ul class="plain-list">{cause_rows(others)}</ul></div></details>'
            )
    return f'<td class="stack-wide" data-label="{label}">{shown}{told}</td>'


@register.filter
def of(mapping: Mapping[str, Any] | None, key: str) -> Any:
    """The value of a key that a template can't write after a dot."""
    return mapping.get(key) if mapping else None
