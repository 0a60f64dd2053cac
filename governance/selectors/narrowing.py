"""By what the rows of a dataset can be narrowed, and how that is read from an address: for exports and the API."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from governance.models import Gravity, RecommendationState
from inventory.selectors.asked import PERIODS, Problem, Reader
from risk.choices import RequirementStatus
from risk.method import load_method
from risk.scoring.method import Framework
from risk.scoring.vocabulary import State
from risk.selectors import applications, evidence

Filters = dict[str, tuple[str, ...]]  # what was read, by parameter; nothing empty
LATE = "overdue"
YES, NO = "yes", "no"
WHOSE = ("me", "nobody")  # to whom something is given
OF_LIVE = tuple(name for name in applications.OF_ITSELF if name != "lifecycle")
# Requirements that no control covers are listed on pages and have no place in a dataset (docs/api.md)
ASSESSED = [state for state in RequirementStatus.values if state != State.NOT_ASSESSED]


@dataclass(frozen=True)
class Narrowing:
    """The parameters, beside the department and the day, and what reads them. Days are kept as ISO 8601."""

    parameters: tuple[str, ...] = ()
    take: Callable[[Reader], Mapping[str, Sequence[str]]] = lambda reader: {}

    def read(self, query: Mapping[str, Any], what: str, dated: bool = True) -> tuple[Filters, list[Problem]]:
        """The filters of an address, and what of them can't be applied to `what`. `dated`: the caller reads a day
        (`as_of`), which is therefore none of that."""
        reader = Reader(query)
        found = {name: tuple(values) for name, values in self.take(reader).items() if any(values)}
        reader.only(("department", *self.parameters, *(("as_of",) if dated else ())), what)
        return found, reader.problems


def _scores(reader: Reader) -> dict[str, Sequence[str]]:
    return {**applications.read(reader), "principle": reader.words("principle")}


def _days(reader: Reader) -> dict[str, Sequence[str]]:
    days = {name: reader.day(name) for name in ("since", "until")}
    return {name: (day.isoformat(),) for name, day in days.items() if day}


def requirements(
    reader: Reader, only: Framework | None = None, states: Sequence[str] = RequirementStatus.values
) -> dict[str, Sequence[str]]:
    """Which pairs of an application and a requirement; all of the framework `only` where a page shows one alone."""
    known = load_method().frameworks
    named = (only.id,) if only else reader.words("framework", list(known))
    found: dict[str, Sequence[str]] = {
        "framework": named,
        "binding": (reader.word("binding", (YES, NO)),),
        "requirement": _requirements(reader, [known[key] for key in named]),
        "state": reader.words("state", states),
        LATE: (reader.word(LATE, (YES, "1")),),
    }
    for name in ("requirement", "state"):
        if any(found[LATE]) and any(found[name]):
            reader.refuse(
                LATE,
                found[LATE][0],
                _("can't be asked together with %(name)s") % {"name": name},
                _("Leave one of the two out."),
            )
            found[LATE] = ()
    return found


def _requirements(reader: Reader, frameworks: Sequence[Framework]) -> tuple[str, ...]:
    """The ids of requirements of the only framework."""
    given = ",".join(reader.given("requirement"))
    if given and len(frameworks) != 1:
        reader.refuse("requirement", given, _("needs one framework"), _("Name it: framework=…."))
        return ()
    found = tuple(dict.fromkeys(word for part in given.split(",") if (word := part.strip())))
    for word in found:
        if word not in frameworks[0].requirements:
            reader.refuse(
                "requirement", word, _("is no requirement of %(framework)s") % {"framework": frameworks[0].name}
            )
    return tuple(word for word in found if word in frameworks[0].requirements)


def _assessed(reader: Reader) -> dict[str, Sequence[str]]:
    return {**requirements(reader, states=ASSESSED), **_of_live(reader), "below": reader.below()}


def _of_live(reader: Reader) -> dict[str, Sequence[str]]:
    """Which of the live applications, where only these count."""
    return {name: words for name, words in applications.read_of_itself(reader).items() if name in OF_LIVE}


def _recommendations(reader: Reader) -> dict[str, Sequence[str]]:
    return {
        "state": reader.words("state", RecommendationState.values),
        "severity": reader.words("severity", [one.name.lower() for one in Gravity]),
        "who": (reader.word("who", WHOSE),),
        **_of_live(reader),
    }


def _overview(reader: Reader) -> dict[str, Sequence[str]]:
    period = reader.number("period", 0, PERIODS)
    return {**_of_live(reader), "period": (str(period),) if period else ()}


NOTHING = Narrowing()
REGISTER = Narrowing(applications.NARROWED_BY, applications.read)
SCORES = Narrowing((*REGISTER.parameters, "principle"), _scores)
REQUIREMENTS = Narrowing(("framework", "binding", "requirement", "state", LATE, *OF_LIVE, "below"), _assessed)
EVIDENCE = Narrowing(evidence.NARROWED_BY, evidence.read)
DAYS = Narrowing(("since", "until"), _days)
RECOMMENDATIONS = Narrowing(("state", "severity", "who", *OF_LIVE), _recommendations)
LIVE = Narrowing(OF_LIVE, _of_live)
OVERVIEW = Narrowing((*OF_LIVE, "period"), _overview)
