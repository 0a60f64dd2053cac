"""The controls of one application as a page shows them: which are asked, why, what each serves, and what was stated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy

from inventory import access
from inventory.models import AIApplication, AuditLogEntry, Department, User
from risk.choices import ControlStatus, NotApplicableState
from risk.method import load_method
from risk.models import ControlState, NotApplicableRequest
from risk.scoring.case import Stated
from risk.scoring.controls import AskedControl
from risk.scoring.judgement import Judgement
from risk.scoring.method import Control, Method
from risk.scoring.vocabulary import ATTESTED, EVIDENCED, PROVEN, Why
from risk.selectors.evidence import CURRENT, SOON_DAYS, Item, current_counts, items_of
from risk.selectors.summary import framework_names, satisfied

ALL = "all"  # the word for every family
NOT_APPLICABLE = "not_applicable"
OPEN_REQUESTS = (NotApplicableState.ASKED, NotApplicableState.APPROVED)
MOST_PEOPLE = 100
LOG_ENTRIES = 50
_WORKING = {ControlStatus.IN_PROGRESS, ATTESTED, *PROVEN}  # what has a value that can run out; a plan has none
_WHY = {
    Why.TIER: gettext_lazy("asked at this level of risk"),
    Why.BINDING: gettext_lazy("a binding requirement needs it"),
    Why.ANSWERED: gettext_lazy("answered, so it counts"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A control with its state. `why` is empty where it is not asked. `until`: the last day on which its statement has
    full value; `expired`: that day is past; `soon`: it is near. `worth`: the status that counts, once evidence has run
    out no longer the stated one. `proofs`: items of evidence that count now."""

    control: Control
    why: str
    maybe: bool  # whether it applies hangs on an open question
    evidence: Sequence[str]
    satisfies: Sequence[str]
    state: ControlState | None
    worth: str
    until: date | None
    expired: bool
    soon: bool
    overdue: bool
    proofs: int
    platform_seen: bool  # whether the person may see the platform that it is inherited from
    request: NotApplicableRequest | None  # to leave it out: asked or agreed

    @property
    def label(self) -> str:
        """What counts of it, in words."""
        return str(ControlStatus(self.worth).label) if self.worth else ""

    @property
    def inherited(self) -> bool:
        """Whether it repeats a shared platform's statement."""
        return self.state is not None and self.state.inherited_from_id is not None

    @property
    def check_ran_out(self) -> bool:
        """Whether what was verified of its evidence has ended, and the rest still counts."""
        return self.state is not None and self.state.status != self.worth == EVIDENCED

    @property
    def ran_out(self) -> bool:
        """Whether it was stated as proven, and its evidence no longer holds."""
        return self.state is not None and self.state.status in PROVEN and self.worth == ATTESTED


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
    """The asked controls by family: `families` has all with their counts, `shown` those whose lines are wanted, and
    apart from them what two people agreed to leave out."""

    families: Sequence[Family]
    shown: Sequence[Family]
    answered: int
    asked: int
    left_out: Sequence[NotApplicableRequest]  # agreed not to apply


# What a list of controls can be cut to
FILTERS: Mapping[str, Callable[[Line, User], bool]] = {
    "open": lambda line, user: not line.worth,
    "answered": lambda line, user: bool(line.worth),
    "mine": lambda line, user: line.state is not None and line.state.owner_id == user.pk,
    "overdue": lambda line, user: line.overdue,
    "expiring": lambda line, user: line.soon or line.expired or line.ran_out,
    "inherited": lambda line, user: line.inherited,
    NOT_APPLICABLE: lambda line, user: line.request is not None,
}
BY_FAMILY = {"", "open", "answered"}  # long lists: one family at a time unless all are asked for


def controls_of(
    application: AIApplication, judgement: Judgement, user: User, show: str = "", family: str = ""
) -> Controls:
    """The asked controls. `show`: a word of FILTERS, or anything else for all. `family`: its controls, or all; without
    one, those of the first family that is not finished. Three queries, however many controls."""
    method, about = load_method(), _about(application, judgement.day, user)
    found: dict[str, list[Line]] = {}
    for asked in judgement.asked:
        if asked.applicable is not False:
            found.setdefault(asked.control.family, []).append(line_of(asked, about, judgement.day, method))
    families = [_family(key, name, found[key], show, user) for key, name in method.families.items() if key in found]
    wanted = _wanted(families, family or ("" if show in BY_FAMILY else ALL))
    return Controls(
        families=families,
        shown=[one for one in families if one.lines and wanted in (one.key, ALL)],
        answered=sum(one.answered for one in families),
        asked=sum(one.asked for one in families),
        left_out=[one for one in about.requests.values() if one.state == NotApplicableState.APPROVED],
    )


@dataclass(frozen=True, slots=True)
class OneControl:
    """A control on its own page: its line, all of its evidence, and what was ever asked about leaving it out, newest
    first."""

    line: Line
    items: Sequence[Item]
    requests: Sequence[NotApplicableRequest]


def one_control(application: AIApplication, judgement: Judgement, user: User, control: str) -> OneControl | None:
    """One control, asked or not; None where the method has no such control."""
    method = load_method()
    if control not in method.controls:
        return None
    asked = next((one for one in judgement.asked if one.control.id == control), None)
    one = asked or AskedControl(method.controls[control], False, Why.ANSWERED)
    items, requests = items_of(application, judgement.day, control), requests_of(application, control)
    about = _About(
        states={one.control: one for one in _states(application, user).filter(control=control)},
        proofs={control: sum(item.state == CURRENT for item in items)},
        requests={one.control: one for one in reversed(requests) if one.state in OPEN_REQUESTS},
    )
    line = line_of(one, about, judgement.day, method)
    return OneControl(line if asked else replace(line, why=""), items, requests)


@dataclass(frozen=True, slots=True)
class _About:
    """What is on record about the controls of an application, each by control."""

    states: Mapping[str, ControlState]  # each with whether the person may see the platform it is of
    proofs: Mapping[str, int]
    requests: Mapping[str, NotApplicableRequest]


def _states(application: AIApplication, user: User) -> QuerySet[ControlState]:
    platforms = access.applications(user).filter(pk=OuterRef("inherited_from")).order_by()
    states = application.control_states.select_related("stated_by", "attested_by", "owner", "inherited_from")
    return states.annotate(platform_seen=Exists(platforms))


def _about(application: AIApplication, day: date, user: User) -> _About:
    requests = application.not_applicable_requests.filter(state__in=OPEN_REQUESTS)
    return _About(
        states={one.control: one for one in _states(application, user)},
        proofs=current_counts(application, day),
        requests={one.control: one for one in requests.select_related("asked_by", "decided_by").order_by("control")},
    )


def line_of(asked: AskedControl, about: _About, day: date, method: Method) -> Line:
    """A control as a line of the page."""
    control = asked.control
    state = about.states.get(control.id)
    worth, until = _value(state, control, day)
    return Line(
        control=control,
        why=str(_WHY[asked.why]),
        maybe=asked.applicable is None,
        evidence=[method.evidence_kinds[kind] for kind in control.evidence],
        satisfies=satisfied(control.satisfies, framework_names(method)),
        state=state,
        worth=worth,
        until=until,
        expired=until is not None and until < day,
        soon=until is not None and day <= until <= day + timedelta(days=SOON_DAYS),
        overdue=state is not None and state.due is not None and state.due < day,
        proofs=about.proofs.get(control.id, 0),
        platform_seen=state is not None and state.platform_seen,  # type: ignore[attr-defined]
        request=about.requests.get(control.id),
    )


def _value(state: ControlState | None, control: Control, day: date) -> tuple[str, date | None]:
    """(status that counts, last day of full value); a plan has no such day."""
    if state is None:
        return "", None
    end, rest = state.valid_until, state.evidenced_until
    worth = Stated(state.status, state.as_of, valid_until=end, evidenced_until=rest).status_on(day) or ""
    if worth not in _WORKING:
        return worth, None
    review = state.as_of + timedelta(days=control.review_days)
    ends = [one for one in (end, rest) if one and one >= day] if state.status in PROVEN else []
    return worth, min([review, *ends])


def _wanted(families: Sequence[Family], family: str) -> str:
    if family == ALL or family in {one.key for one in families}:
        return family
    return next((one.key for one in families if one.answered < one.asked), families[0].key if families else ALL)


def _family(key: str, name: str, lines: list[Line], show: str, user: User) -> Family:
    wanted = FILTERS.get(show)
    answered = sum(bool(line.worth) for line in lines)
    return Family(key, name, [one for one in lines if wanted(one, user)] if wanted else lines, answered, len(lines))


def people_of(application: AIApplication) -> list[User]:
    """Who may be suggested as the owner of a control: people with a role in the department or above it."""
    path = Department.objects.path_of(application.department).order_by().values("pk")
    found = User.objects.filter(is_active=True, roles__department__in=path).distinct()
    return list(found.order_by("display_name", "username")[:MOST_PEOPLE])


def control_log(application: AIApplication, control: str) -> list[AuditLogEntry]:
    """What people did about a control of an application, newest first."""
    found = AuditLogEntry.objects.filter(
        object_type=AIApplication._meta.model_name, object_id=str(application.pk), details__control=control
    )
    return list(found.select_related("actor")[:LOG_ENTRIES])


def requests_of(application: AIApplication, control: str) -> list[NotApplicableRequest]:
    """What was ever asked about leaving this control out, newest first."""
    found = application.not_applicable_requests.filter(control=control)
    return list(found.select_related("asked_by", "decided_by", "closed_by").order_by("-id"))
