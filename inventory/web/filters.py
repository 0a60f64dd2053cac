"""The filters that every analytic page takes from its address, so that a link shows what its sender saw."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.utils.http import urlencode

from inventory import access
from inventory.choices import ApplicationKind, Lifecycle
from inventory.models import Department

PERIODS = (7, 30, 90, 365)
DEFAULT_PERIOD = 30
_WORD = re.compile(r"[a-z0-9_]{1,40}")
_SORT = re.compile(r"-?[a-z0-9_]{1,40}")
_NAMES = {
    "kinds": "kind",
    "bands": "band",
    "classes": "class",
    "class_": "class",
    "eu_class": "class",
    "lifecycles": "lifecycle",
}


@dataclass(frozen=True)
class Filters:
    """What a page was asked to show. Empty tuple, empty text or None: no restriction.

    Lists come as repeated or comma-separated values (`?band=high,critical`). Bands, classes and principles are words of
    the storey above; here only their form is checked, and a word nobody knows finds nothing.
    """

    department: Department | None = None  # with its sub-tree
    period: int = DEFAULT_PERIOD  # days up to today
    kinds: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()  # EU AI Act
    lifecycles: tuple[str, ...] = ()
    q: str = ""
    principle: str = ""
    owner: str = ""  # user name
    sort: str = ""  # a leading "-" turns it round
    page: int = 1
    ignored: tuple[str, ...] = ()  # what could not be read, one line each

    @classmethod
    def from_request(cls, request: HttpRequest) -> "Filters":
        """Read the address. A department out of sight is a 404; any other value that can't be read is left out, and
        the person is told once."""
        found = cls.from_query(request.user, request.GET)
        if hasattr(request, "_messages"):
            for line in found.ignored:
                messages.warning(request, line)
        return found

    @classmethod
    def from_query(cls, user: Any, query: QueryDict) -> "Filters":
        """The same from a bare query string, for exports and the API."""
        reader = _Reader(query)
        key = query.get("department", "").strip()
        return cls(
            department=access.department_or_404(user, key) if key else None,
            period=reader.number("period", DEFAULT_PERIOD, allowed=PERIODS),
            kinds=reader.words("kind", known=ApplicationKind.values),
            bands=reader.words("band"),
            classes=reader.words("class"),
            lifecycles=reader.words("lifecycle", known=Lifecycle.values),
            q=reader.text("q"),
            principle=reader.one("principle", _WORD),
            owner=reader.text("owner"),
            sort=reader.one("sort", _SORT),
            page=reader.number("page", 1),
            ignored=tuple(reader.ignored),
        )

    def query(self, **changes: Any) -> str:
        """The query string with some filters changed and the others kept; None, "" or () drops one.

        Names are those of the address (`band=`) or of the fields (`bands=`); `class_` stands for `class`. `page` goes
        back to the first unless it is given. Begins with "?" or is "" where nothing is left.
        """
        values = self._values()
        values.pop("page", None)
        values.update({_NAMES.get(name, name): _text(value) for name, value in changes.items()})
        kept = {name: value for name, value in values.items() if value}
        return "?" + urlencode(kept) if kept else ""

    @property
    def narrowed(self) -> bool:
        """Whether anything but the order, page and period is restricted: an empty page then says so."""
        return any((self.department, self.kinds, self.bands, self.classes, self.lifecycles, self.q, self.owner))

    def _values(self) -> dict[str, str]:
        return {
            "department": _text(self.department),
            "period": "" if self.period == DEFAULT_PERIOD else str(self.period),
            "kind": _text(self.kinds),
            "band": _text(self.bands),
            "class": _text(self.classes),
            "lifecycle": _text(self.lifecycles),
            "q": self.q,
            "principle": self.principle,
            "owner": self.owner,
            "sort": self.sort,
            "page": "" if self.page == 1 else str(self.page),
        }


def _text(value: Any) -> str:
    if isinstance(value, Department):
        return value.key
    if isinstance(value, list | tuple):
        return ",".join(str(part) for part in value)
    return "" if value is None else str(value)


class _Reader:
    """Takes values out of a query string and keeps a line about each that can't be read."""

    def __init__(self, query: QueryDict | Mapping[str, Any]) -> None:
        self.query = query
        self.ignored: list[str] = []

    def _ignore(self, name: str, value: str) -> None:
        self.ignored.append(f"The address asks for {name} “{value[:40]}”, which doesn't exist. It was left out.")

    def text(self, name: str) -> str:
        return self.query.get(name, "").replace("\x00", "").strip()[:200]

    def words(self, name: str, known: list[str] | None = None) -> tuple[str, ...]:
        given = ",".join(self.query.getlist(name)).split(",")  # type: ignore[union-attr]
        words = [word.strip() for word in given if word.strip()]
        good = [w for w in words if (w in known if known is not None else _WORD.fullmatch(w))]
        for word in words:
            if word not in good:
                self._ignore(name, word)
        return tuple(dict.fromkeys(good))

    def one(self, name: str, form: re.Pattern[str]) -> str:
        value = self.query.get(name, "").strip()
        if value and not form.fullmatch(value):
            self._ignore(name, value)
            return ""
        return value

    def number(self, name: str, default: int, allowed: tuple[int, ...] = ()) -> int:
        value = self.query.get(name, "").strip()
        if not value:
            return default
        # isdecimal also accepts other scripts' digits, which int() reads as well
        if not value.isdecimal() or len(value) > 9 or int(value) < 1 or (allowed and int(value) not in allowed):
            self._ignore(name, value)
            return default
        return int(value)
