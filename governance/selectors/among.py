"""The applications that the filters of a page leave: kind, band, class and owner, beside the department; and, where a
page can leave out the departments below, what lies directly in it.

Roll-ups are kept by department and day alone. Where a filter can't be read off them, figures are taken from the rows of
the applications that are left, as they stand or as they stood; where they can't be taken so either, a page says that
they stand for all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from inventory.choices import NO_OWNER, Lifecycle
from inventory.models import Department
from inventory.selectors.asked import SAID
from inventory.selectors.scope import Scope
from risk.choices import OVERALL
from risk.selectors import applications, applications_then
from risk.selectors.applications import Asked, Wanted


@dataclass(frozen=True)
class Among:
    """What is left. `then`: as things stood at the end of that past day. `key` stands for it in a cache, "" for no
    restriction."""

    wanted: Wanted = field(default_factory=Wanted)
    then: date | None = None

    @property
    def ids(self) -> Any:
        """The applications' ids as a query, whoever may see them; None: all."""
        return applications_then.among(self.wanted, self.then) if self.then else applications.among(self.wanted)

    @property
    def key(self) -> str:
        return sha256(repr((self._chosen, self.then)).encode()).hexdigest() if self else ""

    @property
    def words(self) -> str:
        """ "AI agent or model, high": what is left, in words."""
        one = self.wanted
        named = (("kind", one.kinds), ("band", one.bands), ("class", one.classes))
        parts = [_(" or ").join(SAID[name][word].lower() for word in words) for name, words in named if words]
        place = [_("in %(name)s itself") % {"name": one.place.name}] if one.place else []
        owner = _("nobody") if one.owner == NO_OWNER else one.owner
        return ", ".join([*parts, *([_("owned by %(owner)s") % {"owner": owner}] if owner else []), *place])

    @property
    def query(self) -> dict[str, Any]:
        """The same as parameters of a list of applications (`class_` stands for `class`)."""
        one = self.wanted
        below = "no" if one.place else ""
        return {"kind": one.kinds, "band": one.bands, "class_": one.classes, "owner": one.owner, "below": below}

    @property
    def of_events(self) -> dict[str, Any] | None:
        """The same as parameters of the activity explorer, of the past day where it is of one. None where a place is
        asked: there it would be that of people."""
        if self.wanted.place:
            return None
        asked = {name: words for name, words in self.query.items() if name != "below"}
        return {**asked, "as_of": self.then if self else None}

    @property
    def place_alone(self) -> Department | None:
        """The department in which the applications lie directly, where nothing else is asked of them."""
        return self.wanted.place if self._chosen == Among(Wanted(place=self.wanted.place))._chosen else None

    @property
    def _chosen(self) -> tuple[Sequence[str], ...]:
        one = self.wanted
        return one.kinds, one.bands, one.classes, one.owner, one.place.key if one.place else ""

    def __bool__(self) -> bool:
        return any(self._chosen)


ALL = Among()


def among(asked: Asked, then: date | None = None) -> Among:
    """Of the filters of a page. Not the stage: the figures of these pages count live applications."""
    wanted = replace(applications.wanted(asked), department=None, lifecycles=(), q="", sort="", principle=OVERALL)
    return Among(wanted, then)


def live_then(scope: Scope, among: Among = ALL) -> Wanted:
    """The live applications of what is looked at, as the list of a past day takes them."""
    return replace(among.wanted, department=scope.chosen, lifecycles=(Lifecycle.LIVE,), principle=OVERALL)


def seen_then(scope: Scope, among: Among, day: date) -> Any:
    """The ids of what is left and lay then in what is looked at, as `applications_then.seen` has them: what alerts and
    evidence of that day may be about. None: anything."""
    return applications_then.seen(scope.user, replace(among.wanted, department=scope.chosen), day)


def among_words(filters: Mapping[str, Sequence[str]], then: date | None = None) -> Among:
    """The same of the filters of an export or the API, by parameter."""
    return Among(applications.wanted_by(filters, None), then)


def place(asked: Asked) -> Among:
    """Of the filters of a page that the place alone: all that figures of a past day can be told apart by."""
    return Among(Wanted(place=applications.wanted(asked).place))
