"""Forms that stay open while others write: only what the person changed against what the page showed is saved.

`<prefix>-shown` is what the page showed, by field; `<prefix>-over` is what they decided where somebody else has written
since: THEIRS, or what is stored now, which theirs is to replace. Without `shown` every field counts as changed.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.db.models import Model

from risk.services.seen import plain, same_text
from risk.web.answer_forms import THEIRS

NEW, REPEATS = "-new", "-repeats"  # no names of fields: nothing was stored, or what something else states


class OpenForm(forms.Form):
    """`stored`: the values of the row that the form is about, empty where there is none. `repeats`: they are not its
    own, and to save them makes them so."""

    newer: Mapping[str, Any] | None = None

    def __init__(self, *args: Any, stored: Mapping[str, Any], repeats: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored, self.repeats = stored, repeats
        self.shown_name, self.over_name = self.add_prefix("shown"), self.add_prefix("over")
        over = self.data.get(self.over_name, "")
        self.keeps_theirs = over == THEIRS
        self.decided = bool(over)
        self.shown = _read(self.data.get(self.shown_name, "")) if self.is_bound else None
        self.seen = (_read(over) if over and not self.keeps_theirs else None) or self.shown

    @property
    def shown_token(self) -> str:
        """What the page shows, as it carries it along: as it was sent, until that is saved."""
        if self.is_bound and self.shown is not None:
            return str(self.data[self.shown_name])
        return token({name: self.initial.get(name) for name in self.fields} | self._standing())

    @property
    def sent_token(self) -> str:
        """What a page shows once its form is saved."""
        return token(self.cleaned_data)

    def changed(self) -> dict[str, Any]:
        """The fields that the person changed; of what nobody had filled in, those that hold anything."""
        given = {name: self.cleaned_data.get(name) for name in self.fields}
        if self.shown is None or not self.stored or self.shown.get(REPEATS):
            return given
        if self.shown.get(NEW):
            return {name: value for name, value in given.items() if value}
        return {name: value for name, value in given.items() if not same_text(value, self.shown.get(name))}

    def overtaken(self, stored: Mapping[str, Any], by: object, at: object) -> None:
        """Say in which fields somebody else wrote meanwhile, beside what the person changed."""
        seen = self.seen or {}
        theirs = {name: value for name, value in stored.items() if not same_text(value, seen.get(name))}
        self.newer = {
            "by": by or "System",
            "at": at,
            "theirs": self._words(theirs),
            "mine": self._words(self.changed()),
            "token": token(stored),
        }

    def _standing(self) -> dict[str, bool]:
        return {NEW: not self.stored, REPEATS: self.repeats}

    def _words(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [(str(self.fields[name].label), self._text(name, value)) for name, value in values.items()]

    def _text(self, name: str, value: Any) -> str:
        choices = dict(getattr(self.fields[name], "choices", None) or ())
        if isinstance(value, date):
            return f"{value.day} {value:%b %Y}"
        return str(choices.get(value, "" if value is None else value)) or "nothing"


def token(values: Mapping[str, Any]) -> str:
    """Values as a page carries them along."""
    return json.dumps({name: plain(value) for name, value in values.items()}, sort_keys=True)


def values_of(row: Model, fields: tuple[str, ...]) -> dict[str, Any]:
    """The stored values that a form is about."""
    return {name: getattr(row, name) for name in fields}


def _read(text: str) -> dict[str, Any] | None:
    """What `token` wrote; None for what it never wrote."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    fits = isinstance(found, dict) and all(one is None or isinstance(one, str | bool) for one in found.values())
    return found if fits else None
