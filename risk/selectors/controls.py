"""The controls of one application as a page shows them: which are asked, why, what each serves, and what was stated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from inventory.models import AIApplication
from risk.method import load_method
from risk.models import ControlState
from risk.scoring.controls import AskedControl
from risk.scoring.judgement import Judgement
from risk.scoring.method import Control, Method
from risk.scoring.vocabulary import Why
from risk.selectors.summary import framework_names, satisfied

ALL = "all"  # the word for every family
_WHY = {
    Why.TIER: "asked at this level of risk",
    Why.BINDING: "a binding requirement needs it",
    Why.ANSWERED: "answered, so it counts",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A control with its state. `until`: the day its statement loses full value; `expired`: that day is past."""

    control: Control
    why: str
    maybe: bool  # whether it applies hangs on an open question
    evidence: Sequence[str]
    satisfies: Sequence[str]
    state: ControlState | None
    until: date | None
    expired: bool
    overdue: bool


@dataclass(frozen=True, slots=True)
class Family:
    """Controls of one kind with how many are answered."""

    key: str
    name: str
    lines: Sequence[Line]
    answered: int
    asked: int


@dataclass(frozen=True, slots=True)
class Controls:
    """The asked controls by family: `families` has all with their counts, `shown` those whose lines are wanted."""

    families: Sequence[Family]
    shown: Sequence[Family]
    answered: int
    asked: int


def controls_of(application: AIApplication, judgement: Judgement, show: str = "", family: str = "") -> Controls:
    """The asked controls. `show`: open (not answered), answered, or anything else for all. `family`: its controls, or
    all; without one, those of the first family that is not finished."""
    method = load_method()
    states = {one.control: one for one in application.control_states.select_related("stated_by")}
    names = framework_names(method)
    found: dict[str, list[Line]] = {}
    for asked in judgement.asked:
        if asked.applicable is not False:
            line = line_of(asked, states.get(asked.control.id), judgement.day, method, names)
            found.setdefault(asked.control.family, []).append(line)
    families = [_family(key, name, found[key], show) for key, name in method.families.items() if key in found]
    wanted = _wanted(families, family)
    return Controls(
        families=families,
        shown=[one for one in families if one.lines and wanted in (one.key, ALL)],
        answered=sum(one.answered for one in families),
        asked=sum(one.asked for one in families),
    )


def one_line(application: AIApplication, judgement: Judgement, control: str) -> Line | None:
    """One asked control; None where it is not asked."""
    method = load_method()
    asked = next((one for one in judgement.asked if one.control.id == control), None)
    if asked is None:
        return None
    state = application.control_states.select_related("stated_by").filter(control=control).first()
    return line_of(asked, state, judgement.day, method, framework_names(method))


def line_of(
    asked: AskedControl, state: ControlState | None, day: date, method: Method, names: Mapping[str, str]
) -> Line:
    """A control as a line of the page."""
    control = asked.control
    until = state.as_of + timedelta(days=control.review_days) if state else None
    return Line(
        control=control,
        why=_WHY[asked.why],
        maybe=asked.applicable is None,
        evidence=[method.evidence_kinds[kind] for kind in control.evidence],
        satisfies=satisfied(control.satisfies, names),
        state=state,
        until=until,
        expired=until is not None and until < day,
        overdue=state is not None and state.due is not None and state.due < day,
    )


def _wanted(families: Sequence[Family], family: str) -> str:
    if family == ALL or family in {one.key for one in families}:
        return family
    return next((one.key for one in families if one.answered < one.asked), families[0].key if families else ALL)


def _family(key: str, name: str, lines: list[Line], show: str) -> Family:
    wanted = {"open": [one for one in lines if one.state is None], "answered": [one for one in lines if one.state]}
    answered = sum(one.state is not None for one in lines)
    return Family(key, name, wanted.get(show, lines), answered, len(lines))
