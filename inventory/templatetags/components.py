"""Components with content of their own; `{% load hub %}` brings them. Markup and parameters: templates/components/.

Block components (`{% card %}…{% endcard %}`) take the content between their tags; the others are given data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Any

from django import template
from django.core.paginator import Page
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Select
from django.http import QueryDict
from django.template.context import Context
from django.utils.html import conditional_escape, format_html, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from inventory.choices import NO_OWNER
from inventory.selectors.asked import SAID

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

register = template.Library()

# The filters that stand behind "More filters": what they are called, and the field of Filters that holds what was read
MORE = {"lifecycle": _("Stage"), "band": _("Band"), "class": _("EU AI Act class")}
MORE_READ = {"lifecycle": "lifecycles", "band": "bands", "class": "classes"}
PERIODS = (
    (7, _("Last 7 days")),
    (30, _("Last 30 days")),
    (90, _("Last 90 days")),
    (365, _("Last 12 months")),
)


def _render(context: Context, name: str, values: dict[str, Any]) -> SafeString:
    engine_template = context.template.engine.get_template(f"components/{name}.html")  # type: ignore[union-attr]
    inner = context.new(values)
    if context.get("csrf_token") is not None:
        inner["csrf_token"] = context["csrf_token"]
    return engine_template.render(inner)


def _block(name: str) -> None:
    """Register `{% name … %}content{% endname %}`, rendered by components/name.html with its keywords and `content`."""

    def component(context: Context, content: str, **values: Any) -> SafeString:
        return _render(context, name, {"content": content, **values})

    register.simple_block_tag(component, takes_context=True, name=name, end_name=f"end{name}")


def _single(name: str) -> None:
    """Register `{% name … %}`, rendered by components/name.html with its keywords."""

    def component(context: Context, **values: Any) -> SafeString:
        return _render(context, name, values)

    register.simple_tag(component, takes_context=True, name=name)


for _name in ("card", "alert", "menu", "empty", "disclosure"):
    _block(_name)
for _name in ("tile", "chart", "matrix", "secret", "stepper", "tabs", "progress"):
    _single(_name)


@register.filter
def by_number(words: StrPromise, number: int) -> str:
    """The form of a noun (`ngettext_lazy` by "n") that stands beside a number."""
    return words % {"n": number}


@register.simple_block_tag(end_name="endcapture")
def capture(content: str) -> SafeString:
    """`{% capture as name %}…{% endcapture %}`: keep rendered content in a variable, to show it twice."""
    return SafeString(content)


@register.simple_block_tag(takes_context=True, end_name="endfilter_bar")
def filter_bar(
    context: Context,
    content: str,
    departments: Any = None,
    kinds: Any = None,
    periods: Any = PERIODS,
    more: str = "",
    heeds: str = "",
    why: str = "",
) -> SafeString:
    """The filters of a page as a GET form, and below it what is chosen. Parameters:
    templates/components/filter_bar.html."""
    request = context.get("request")
    filters: Any = context.get("filters")
    given = request.GET if request else QueryDict()
    named, extra = set(re.findall(r'\bname="([^"]+)"', content)), more.split()
    shown = {"department": departments is not None, "kind": bool(kinds), "period": bool(periods)}
    heeded = named | {*extra, *heeds.split()} | {name for name, there in shown.items() if there}
    own = named | {*extra, "department", "period", "kind", "page"}
    chips = filters.chips(given, heeded | set(filters.own)) if hasattr(filters, "chips") else None
    return _render(
        context,
        "filter_bar",
        {
            "content": content,
            "why": why if chips and not all(chip.applied for chip in chips.chips) else "",
            "departments": departments,
            "kinds": kinds,
            "periods": [(str(days), label) for days, label in periods] if periods else None,
            "department": given.get("department", ""),
            "period": given.get("period", "") or "30",
            "kind": [word for value in given.getlist("kind") for word in value.split(",") if word],
            **_more(filters, extra),
            "owner_links": _owner_links(given, request.user.get_username()) if "owner" in extra and request else (),
            "more_chosen": sum(bool(given.get(name)) for name in extra),
            "chips": chips,
            "kept": [(key, value) for key in given if key not in own for value in given.getlist(key)],
            "action": request.path if request else "",
        },
    )


def _more(filters: Any, extra: list[str]) -> dict[str, Any]:
    """The filters behind one button: (parameter, what it is called, choices, what is chosen), and the owner."""
    there = [name for name in extra if name in MORE]
    return {
        "more": [(name, MORE[name], SAID[name].items(), getattr(filters, MORE_READ[name])) for name in there],
        "owner": filters.owner if "owner" in extra else None,
    }


def _owner_links(given: QueryDict, mine: str) -> list[tuple[str, Any, bool]]:
    """The owners that nobody needs to look for: (address, what they are called, whether chosen)."""
    found = []
    for owner, called in (("", _("Anyone")), (mine, _("Me")), (NO_OWNER, _("Nobody"))):
        changed = given.copy()
        changed.pop("page", None)
        changed["owner"] = owner
        if not owner:
            del changed["owner"]
        found.append(("?" + changed.urlencode(), called, given.get("owner", "") == owner))
    return found


@register.simple_tag
def department_options(departments: Any, chosen: str) -> SafeString:
    """The <option>s of departments, indented by their depth: (key, name[, depth]) or objects with these."""
    triples = [d if isinstance(d, tuple | list) else (d.key, d.name, getattr(d, "depth", 0)) for d in departments]
    return options([(str(key), "\u2007\u2007" * int(*depth[:1]) + name) for key, name, *depth in triples], chosen)


@register.simple_tag
def options(choices: Any, chosen: Any) -> SafeString:
    """The <option>s of a filter: (value, label) pairs, those of `chosen` (a word or several) selected. Several that no
    pair stands for are one option of their own, so that the bar never shows less than is filtered."""
    pairs = [(str(value), label) for value, label in choices]
    named, joined = dict(pairs), chosen if isinstance(chosen, str) else ",".join(chosen or ())
    if joined not in named:
        known = [word for word in joined.split(",") if word in named]
        joined = ",".join(known)
        if len(known) > 1:
            pairs.insert(0, (joined, " or ".join(str(named[word]) for word in known)))
    marks = {joined: " selected"}
    rows = (
        f'<option value="{escaped(value)}"{marks.get(value, "")}>{escaped(label)}</option>' for value, label in pairs
    )
    return mark_safe("".join(rows))  # noqa: S308 - every part is escaped


def escaped(text: Any) -> str:
    """`conditional_escape` without its long way for plain text, of which a page has thousands."""
    return escape(text) if type(text) is str else conditional_escape(text)


@register.simple_tag
def chart_rows(rows: Iterable[Any]) -> SafeString:
    """The body of a chart's table (Row of the `charts` rooms): written here because a year has hundreds of cells, and
    the template language takes many times as long over each."""
    parts: list[str] = []
    for row in rows:
        label = escaped(row.label)
        head = f'<a href="{escaped(row.url)}">{label}</a>' if row.url else label
        cells = "".join(f'<td class="num">{escaped(value)}</td>' for value in row.shown)
        parts.append(f'<tr><th scope="row">{head}</th>{cells}</tr>')
    return mark_safe("".join(parts))  # noqa: S308 - every part is escaped


@register.simple_tag
def figure(chart: Any) -> SafeString:
    """A chart's figure for charts.js. `json_script` replaces what HTML would read letter by letter, which took longer
    than all the rest of a chart of a year."""
    written = json.dumps(chart.figure, cls=DjangoJSONEncoder, separators=(",", ":"))
    for letter in "<>&":
        written = written.replace(letter, f"\\u{ord(letter):04x}")
    script = f'<script id="{escaped(chart.script_id)}" type="application/json">{written}</script>'
    return mark_safe(script)  # noqa: S308 - nothing in it can end a script


@register.simple_tag(takes_context=True)
def pagination(context: Context, page: Page, noun: str = "rows", keep: bool = False) -> SafeString:
    """Which rows of how many, and the links to the other pages; every other URL parameter is kept.

    `keep`: buttons that send the form they stand in, so that what is chosen in it goes along.
    """
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    request = context.get("request")
    links = []
    for number in numbers:
        params = request.GET.copy() if request else QueryDict(mutable=True)
        params["page"] = str(number)
        links.append((number, isinstance(number, int), "?" + params.urlencode()))
    return _render(context, "pagination", {"page": page, "links": links, "noun": noun, "keep": keep})


@register.simple_tag(takes_context=True)
def field(context: Context, bound: BoundField, label: str = "", suffix: str = "") -> SafeString:
    """A form field with label, help and errors tied to it. `suffix`: a unit shown after the input."""
    widget = bound.field.widget
    kind = "text"
    css = "form-control"
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        kind, css = "choices", "form-check-input"
        widget.attrs.setdefault("class", css)  # each option takes it over
    elif isinstance(widget, CheckboxInput):
        kind, css = "check", "form-check-input"
    elif isinstance(widget, Select):
        css = "form-select"
    elif isinstance(widget, FileInput):
        kind = "file"
    if bound.errors:
        css += " is-invalid"
    given = widget.attrs.get("class", "")
    return _render(
        context,
        "field",
        {
            "field": bound,
            "kind": kind,
            "label": label or bound.label,
            "suffix": suffix,
            "widget": bound.as_widget(attrs={"class": f"{given} {css}".strip()}) if kind != "choices" else "",
        },
    )


@register.simple_tag(takes_context=True)
def form_fields(context: Context, form: Any) -> SafeString:
    """All errors of the form as a whole, then every field by `{% field %}`, hidden ones included."""
    parts = [_render(context, "form_errors", {"form": form})]
    parts += [SafeString(str(hidden)) for hidden in form.hidden_fields()]
    parts += [field(context, bound) for bound in form.visible_fields()]
    return SafeString("".join(parts))


@register.filter
def plain(html: str) -> str:
    """The text of a piece of HTML, for a page's title."""
    return strip_tags(html).strip()


@register.simple_tag
def term(word: str, meaning: str) -> SafeString:
    """A word with its meaning on hover and focus."""
    return format_html('<abbr title="{}" tabindex="0">{}</abbr>', meaning, word)


@register.simple_tag(takes_context=True)
def form_errors(context: Context, form: Any) -> SafeString:
    """What is wrong with the form as a whole, for forms whose fields are placed one by one."""
    return _render(context, "form_errors", {"form": form})
