"""The filters that every analytic page takes from its address, so that a link shows what its sender saw."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from inventory import access
from inventory.choices import NO_OWNER
from inventory.models import Department
from inventory.selectors.asked import PERIODS, SHARED, Problem, Reader
from inventory.selectors.people import owner_called
from inventory.web.chips import Chips, chips_of

DEFAULT_PERIOD = 30
Words = Sequence[str] | Mapping[str, Any]  # the words of a parameter; or word → what people read in its place
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

    Lists come as repeated or comma-separated values (`?band=high,critical`). Words are read as
    `inventory.selectors.asked` knows them; those of bands, classes and principles come from the storey above.
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
    as_of: str = ""  # a past day; whether the page can answer for it is the page's to say (inventory.web.as_of)
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # what only this page can be narrowed by
    said: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of these: word → what people read
    named: Mapping[str, str] = field(default_factory=dict)  # what the page read by itself: parameter → in words
    ignored: tuple[Problem, ...] = ()  # what could not be read

    @classmethod
    def from_request(
        cls, request: HttpRequest, *, sorts: Sequence[str] = (), own: Mapping[str, Words] | None = None
    ) -> "Filters":
        """Read the address. A department out of sight is a 404; any other value that can't be read is left out, and
        the person is told once. `sorts`: the words that this page can be sorted by; `own`: further parameters that
        it can be narrowed by, with their words, and where people read something else in their place, with that."""
        found = _with_owner(request, cls.from_query(request.user, request.GET, sorts=sorts, own=own))
        tell(request, found.ignored)
        # What the navigation carries along: to pages that answer for a past day, and to the others
        request.shared_filters = found.shared()  # type: ignore[attr-defined]
        request.shared_today = replace(found, as_of="").shared()  # type: ignore[attr-defined]
        return found

    @classmethod
    def from_query(
        cls, user: Any, query: QueryDict, *, sorts: Sequence[str] = (), own: Mapping[str, Words] | None = None
    ) -> "Filters":
        """The same from a bare query string, for the API."""
        reader = Reader(query)
        key = reader.text("department")
        return cls(
            department=access.department_or_404(user, key) if key else None,
            period=reader.number("period", DEFAULT_PERIOD, allowed=PERIODS),
            kinds=reader.words("kind"),
            bands=reader.words("band"),
            classes=reader.words("class"),
            lifecycles=reader.words("lifecycle"),
            q=reader.text("q"),
            principle=reader.word("principle"),
            owner=reader.text("owner"),
            sort=reader.word("sort", [*sorts, *(f"-{word}" for word in sorts)]) if sorts else "",
            page=reader.number("page", 1),
            as_of=_past_day(query),
            own={name: found for name, known in (own or {}).items() if (found := _own(reader, name, known))},
            said={name: known for name, known in (own or {}).items() if isinstance(known, Mapping)},
            ignored=tuple(reader.problems),
        )

    def query(self, **changes: Any) -> str:
        """The query string with some filters changed and the others kept; None, "" or () drops one.

        Names are those of the address (`band=`) or of the fields (`bands=`); `class_` stands for `class`. `page` goes
        back to the first unless it is given. Begins with "?" or is "" where nothing is left.
        """
        values = self.values()
        values.pop("page", None)
        values.update({_NAMES.get(name, name): _text(value) for name, value in changes.items()})
        kept = {name: value for name, value in values.items() if value}
        return "?" + urlencode(kept) if kept else ""

    def shared(self) -> str:
        """The query string of those filters that every analytic page knows, for links between such pages."""
        values = self.values()
        kept = {name: values[name] for name in SHARED if values[name]}
        return "?" + urlencode(kept) if kept else ""

    def chips(self, given: QueryDict, applied: Collection[str]) -> Chips:
        """The filters in words; `applied`: the parameters that the page heeds."""
        return chips_of(self, given, applied)

    def with_named(self, named: Mapping[str, Any], problems: Sequence[Problem] = ()) -> "Filters":
        """The same with what the page read by itself, in words (empty: not asked for), and what it could not read."""
        said = {name: str(words) for name, words in named.items() if words}
        return replace(self, named={**self.named, **said}, ignored=(*self.ignored, *problems))

    @property
    def narrowed(self) -> bool:
        """Whether anything but the order, page and period is restricted: an empty page then says so."""
        asked = (self.department, self.kinds, self.bands, self.classes, self.lifecycles, self.q, self.owner, self.own)
        return any(asked)

    def values(self) -> dict[str, str]:
        """Parameter → its value as an address has it, for all but `own`."""
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
            "as_of": self.as_of,
        }


def _with_owner(request: HttpRequest, found: Filters) -> Filters:
    """The same with the owner by user name, as addresses have it, where they were written by name; links, forms and
    exports are made of the address, so that it is put right there. Who is nobody in sight owns nothing: all of them
    instead would be more than was asked for."""
    if not found.owner or found.owner == NO_OWNER:
        return found.with_named({"owner": found.owner and _("nobody")})
    try:
        owner = owner_called(request.user, found.owner)  # type: ignore[arg-type]
    except ValidationError as nobody:
        if hasattr(request, "_messages"):
            messages.warning(request, _("Owner “%(name)s” %(why)s") % {"name": found.owner, "why": nobody.messages[0]})
        return found
    if owner.username != found.owner:
        given = request.GET.copy()
        given["owner"] = owner.username
        request.GET = given  # type: ignore[assignment]
    return replace(found, owner=owner.username).with_named({"owner": str(owner)})


def _own(reader: Reader, name: str, known: Words) -> tuple[str, ...]:
    return reader.below() if name == "below" else reader.words(name, known)


def tell(request: HttpRequest, problems: Sequence[Problem]) -> None:
    """Say on the page what was left out of its address."""
    if hasattr(request, "_messages"):
        for problem in problems:
            messages.warning(request, problem.left_out)


def _past_day(query: QueryDict) -> str:
    day = Reader(query).day("as_of")  # who answers for days says what is wrong with one
    return day.isoformat() if day and day < timezone.localdate() else ""


def _text(value: Any) -> str:
    if isinstance(value, Department):
        return value.key
    if isinstance(value, list | tuple):
        return ",".join(str(part) for part in value)
    return "" if value is None else str(value)
