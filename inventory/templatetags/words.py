"""Filters that turn what is kept or written for machines into what people read. Part of `{% load hub %}`."""

import re
from datetime import date

from django import template
from django.utils.formats import date_format

register = template.Library()
_ISO_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")


@register.filter
def with_days(text: str) -> str:
    """A text in which days stand as people write them: what is kept of an act names them as machines do."""
    return _ISO_DAY.sub(_spoken, str(text))


def _spoken(found: re.Match[str]) -> str:
    try:
        return date_format(date.fromisoformat(found.group()), "j M Y")
    except ValueError:  # looks like a day and is none
        return found.group()
