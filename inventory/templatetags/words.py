"""Filters that turn what is kept or written for machines into what people read. Part of `{% load hub %}`."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import template
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

register = template.Library()
# By the kinds of connectors/alert_entities.py
_ENTITIES = {
    "account": _("Person"),
    "ip": _("IP address"),
    "host": _("Host"),
    "url": _("Address"),
    "domain": _("Domain"),
    "file": _("File"),
    "hash": _("Hash"),
    "process": _("Process"),
    "resource": _("Resource"),
}
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


@register.filter
def called(titles: Mapping[str, Any], key: str) -> Any:
    """What people read in place of a key; the key where nothing is known of it any more."""
    return titles.get(key, key)


@register.filter
def entity(kind: str) -> Any:
    """What kind of thing an alert names."""
    return _ENTITIES.get(kind, kind)
