"""Links that keep the rest of the present address; `{% load hub %}` brings them."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote_plus

from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


_SHORT = 64  # longer texts are not remembered: anybody can send thousands of them
_remembered = lru_cache(maxsize=4096)(quote_plus)  # a page's hundreds of addresses are made of few words


def _quoted(text: str) -> str:
    return _remembered(text) if len(text) <= _SHORT else quote_plus(text)


def _address(context: Context, **changes: object) -> str:
    request = context.get("request")
    params: dict[str, list[str]] = dict(request.GET.lists()) if request else {}  # a copy() would be a deep one
    for key, value in changes.items():
        if value in (None, ""):
            params.pop(key, None)
        else:
            params[key] = [str(value)]
    return "?" + "&".join(f"{_quoted(key)}={_quoted(one)}" for key, values in params.items() for one in values)


@register.simple_tag(takes_context=True)
def sort_header(
    context: Context, label: str, key: str, kind: str = "", title: str = "", default: str = ""
) -> SafeString:
    """`<th>` that sorts by `key`; again turns it round. `kind="num"` aligns right. `default`: the order of a page that
    is asked for none. Keeps every other URL parameter."""
    request = context.get("request")
    current = (request.GET.get("sort", "") if request else "") or default
    state = {key: "ascending", f"-{key}": "descending"}.get(current, "")
    target = key if current == f"-{key}" else f"-{key}" if current == key or kind == "num" else key
    arrow = {"ascending": "▲", "descending": "▼"}.get(state, "")
    return format_html(
        '<th scope="col" class="{}"{}{}><a href="{}">{}<span class="sort-mark" aria-hidden="true">{}</span></a></th>',
        f"sortable {kind}".strip(),
        format_html(' aria-sort="{}"', state) if state else "",
        format_html(' title="{}"', title) if title else "",
        _address(context, sort=target, page=None),
        label,
        arrow,
    )


@register.simple_tag(takes_context=True)
def url_with(context: Context, **changes: object) -> str:
    """The present address with some parameters changed; an empty value drops one. `page` is dropped unless given."""
    return _address(context, **{"page": None, **changes})
