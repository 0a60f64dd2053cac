"""What an address asks for: the one reader of parameters, for pages, the API and exports alike.

It keeps what it can read, and a Problem about each value that it can't; the caller decides what becomes of these. A
page leaves them out and says so; the API and exports refuse, because leaving one out would answer with more than was
asked for.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.choices import ApplicationKind, Lifecycle

# The words that a parameter may hold, wherever it stands. A storey above names its own when its app is ready: `teach`.
WORDS: dict[str, tuple[str, ...]] = {
    "kind": tuple(ApplicationKind.values),
    "lifecycle": tuple(Lifecycle.values),
    "below": ("no",),
}
# What people read in place of a word, by parameter: labels, in the language of whoever reads
SAID: dict[str, Mapping[str, Any]] = {
    "kind": dict(ApplicationKind.choices),
    "lifecycle": dict(Lifecycle.choices),
    "below": {"no": gettext_lazy("left out")},
}
# The parameters that every analytic page has in common; links between these pages carry them along.
SHARED = ("department", "period", "kind", "band", "class", "owner", "as_of")
# Further parameters that narrow a list somewhere. One that stands where it can't be applied is refused by name.
NAMES = {"as_of", "department", "owner", "period", "q", "severity", "since", "state", "until"}
PERIODS = (7, 30, 90, 365)  # days
LONGEST_TEXT = 200
FIRST_YEAR = 1900  # whoever counts days back from a day stays within the calendar
NOBODYS = "doesn't exist"


@dataclass(frozen=True, slots=True)
class Problem:
    """A value of an address that can't be applied: why, and what could be (`mend`, a sentence, or nothing)."""

    parameter: str
    value: str
    why: str
    mend: str = ""

    @property
    def left_out(self) -> str:
        """What a page says, which goes on without the value."""
        return _("The address asks for %(parameter)s “%(value)s”, which %(why)s. It was left out.") % {
            "parameter": self.parameter,
            "value": self.value[:40],
            "why": self.why,
        }

    @property
    def refused(self) -> str:
        """What the API and an export say, which don't go on."""
        return f"{self.parameter} “{self.value[:40]}” {self.why}.{f' {self.mend}' if self.mend else ''}"


def teach(
    words: Mapping[str, Sequence[str]], names: Iterable[str] = (), said: Mapping[str, Mapping[str, Any]] | None = None
) -> None:
    """Make further parameters known: with their words, or by name alone where these depend on the place. `said`: what
    people read in place of the words."""
    WORDS.update({name: tuple(known) for name, known in words.items()})
    NAMES.update(names)
    SAID.update(said or {})


class Reader:
    """Takes values out of a query string. `query`: a QueryDict, or a plain mapping of single values."""

    def __init__(self, query: Mapping[str, Any]) -> None:
        self.query = query
        self.problems: list[Problem] = []

    def given(self, name: str) -> list[str]:
        """The values of a parameter that say anything, each once."""
        values = self.query.getlist(name) if hasattr(self.query, "getlist") else [self.query.get(name, "")]
        return list(dict.fromkeys(text for value in values if (text := str(value).replace("\x00", "").strip())))

    def refuse(self, name: str, value: str, why: str = NOBODYS, mend: str = "") -> None:
        """Note a value that can't be applied."""
        self.problems.append(Problem(name, value, why, mend))

    def words(self, name: str, known: Collection[str] | None = None) -> tuple[str, ...]:
        """Some of the words that are known, from repeated or comma-separated values, in the order given."""
        known = WORDS[name] if known is None else known
        found = dict.fromkeys(word.strip() for value in self.given(name) for word in value.split(",") if word.strip())
        for word in found:
            if word not in known:
                self.refuse(name, word, mend=_("Choose from: %(known)s.") % {"known": ", ".join(known)})
        return tuple(word for word in found if word in known)

    def word(self, name: str, known: Collection[str] | None = None) -> str:
        """One of the words that are known, or ""."""
        found = self.words(name, known)
        self._only_one(name, found)
        return found[0] if found else ""

    def below(self) -> tuple[str, ...]:
        """("no",) where the departments below the one asked for are left out."""
        found = self.words("below")
        if found and not self.given("department"):
            self.refuse("below", found[0], _("needs a department"), _("Name it: department=…."))
            return ()
        return found

    def text(self, name: str) -> str:
        """Free text, cut to LONGEST_TEXT characters."""
        found = self.given(name)
        self._only_one(name, found)
        return found[0][:LONGEST_TEXT] if found else ""

    def number(self, name: str, default: int, allowed: Collection[int] = ()) -> int:
        """A whole number from 1, or one of those allowed."""
        value = self.text(name)
        if not value:
            return default
        # isdecimal also accepts other scripts' digits, which int() reads as well
        if not value.isdecimal() or len(value) > 9 or int(value) < 1 or (allowed and int(value) not in allowed):
            choice = (
                _("Choose from: %(allowed)s.") % {"allowed": ", ".join(map(str, allowed))}
                if allowed
                else _("Give a whole number from 1.")
            )
            self.refuse(name, value, mend=choice)
            return default
        return int(value)

    def day(self, name: str) -> date | None:
        """A day in ISO 8601, not before FIRST_YEAR."""
        value = self.text(name)
        try:
            found = date.fromisoformat(value) if value else None
        except ValueError:
            self.refuse(name, value, _("is not a day"), _("Write it as YYYY-MM-DD."))
            return None
        if found and found.year < FIRST_YEAR:
            self.refuse(name, value, _("is too long ago"))
            return None
        return found

    def moment(self, name: str) -> datetime | None:
        """A time in ISO 8601; without a zone it is the organisation's."""
        value = self.text(name)
        try:
            found = datetime.fromisoformat(value) if value else None
        except ValueError:
            self.refuse(name, value, _("is not a time"), _("Write it as YYYY-MM-DDTHH:MM:SSZ."))
            return None
        return timezone.make_aware(found) if found and found.tzinfo is None else found

    def only(self, applied: Iterable[str], what: str) -> None:
        """Refuse whatever narrows lists elsewhere and can't narrow this one. Parameters that nobody knows pass."""
        for name in sorted((NAMES | set(WORDS)) - set(applied)):
            for value in self.given(name)[:1]:
                self.refuse(
                    name,
                    value,
                    _("can't be applied: %(what)s can't be narrowed by %(name)s") % {"what": what, "name": name},
                )

    def _only_one(self, name: str, found: Sequence[str]) -> None:
        for value in found[1:]:
            self.refuse(name, value, _("is one value too many"), _("Give %(name)s once.") % {"name": name})
