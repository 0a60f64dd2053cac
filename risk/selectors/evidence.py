"""Evidence as pages, API and exports list it: what it shows, for which control, and until when it counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication, AuditLogEntry, Department, User
from inventory.selectors.asked import Reader
from inventory.selectors.kept import kept
from risk.method import load_method
from risk.models import Evidence
from risk.selectors.applications import OF_ITSELF, read_of_itself
from risk.selectors.applications import among as among_applications
from risk.selectors.applications import wanted_by as of_applications

MOST_ROWS = 10_000  # that a page counts and turns to: who looks for more has to narrow the list
ROWS_A_PAGE = 25
SOON_DAYS = 90  # from so many days before its end evidence is shown as running out
ENDS = (30, 60, 90)  # days: the choices of the filter
EXPIRED, WITHDRAWN, CURRENT = "expired", "withdrawn", "current"
ENDINGS = (CURRENT, EXPIRED, *map(str, ENDS), WITHDRAWN)  # the words of the filter
NARROWED_BY = ("evidence", "ends", "q", *OF_ITSELF)


@dataclass(frozen=True, slots=True)
class Item:
    """An item of evidence in words. `state`: current, expired or withdrawn; `days_left`: to its last day (None: no
    end)."""

    evidence: Evidence
    kind: str
    control_title: str
    state: str
    days_left: int | None

    @property
    def ends_soon(self) -> bool:
        """Whether somebody should see to a successor now."""
        return self.state == CURRENT and self.days_left is not None and self.days_left <= SOON_DAYS


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which evidence. Empty: no restriction. `ends`: a number of days within which it ends, or *expired*, *current* or
    *withdrawn*; without it everything that was not withdrawn."""

    department: Department | None = None
    kinds: Sequence[str] = ()
    ends: str = ""
    q: str = ""
    applications: QuerySet[AIApplication, Any] | None = None  # their ids


@dataclass(frozen=True, slots=True)
class Counts:
    """How much has run out, and how much does within so many days (not counting what has)."""

    expired: int
    within: Mapping[int, int]


def read(reader: Reader) -> dict[str, Sequence[str]]:
    """What an address asks of a list of evidence, by parameter (NARROWED_BY)."""
    return {
        **read_of_itself(reader),
        "evidence": reader.words("evidence", list(load_method().evidence_kinds)),
        **{name: (word,) if word else () for name, word in (("ends", reader.word("ends")), ("q", reader.text("q")))},
    }


def wanted_by(filters: Mapping[str, Sequence[str]], department: Department | None) -> Wanted:
    """The same as the list takes it. Of `filters`, an empty one may be missing."""
    one = {name: "".join(filters.get(name, ())[:1]) for name in ("ends", "q")}
    behind = among_applications(of_applications(filters, None))
    return Wanted(department, filters.get("evidence", ()), **one, applications=behind)


def items_of(application: AIApplication, day: date, control: str = "") -> list[Item]:
    """The evidence of an application (for one control), by control, newest first, what was withdrawn last."""
    found = Evidence.objects.filter(application=application).select_related("file", "added_by", "withdrawn_by")
    if control:
        found = found.filter(control=control)
    return as_items(found.order_by("control", F("withdrawn_at").desc(nulls_first=True), "-issued", "-id"), day)


def as_items(found: Iterable[Evidence], day: date) -> list[Item]:
    """Evidence in words, as of a day."""
    method = load_method()
    items = []
    for one in found:
        control = method.controls.get(one.control)
        items.append(
            Item(
                evidence=one,
                kind=method.evidence_kinds.get(one.kind, one.kind),
                control_title=control.title if control else "",
                state=state_of(one, day),
                days_left=None if one.valid_until is None else (one.valid_until - day).days,
            )
        )
    return items


def state_of(one: Evidence, day: date) -> str:
    """The word for how it stands on a day."""
    if one.withdrawn_at is not None:
        return WITHDRAWN
    return EXPIRED if one.valid_until is not None and one.valid_until < day else CURRENT


def current_counts(application: AIApplication, day: date) -> dict[str, int]:
    """How many items count now, by control; controls without any are left out."""
    rows = Evidence.objects.filter(_holds(day), application=application, withdrawn_at=None)
    return dict(rows.values_list("control").annotate(n=Count("id")).order_by())


def evidence_in(
    user: User | None,
    wanted: Wanted,
    day: date,
    permission: Permission = Permission.VIEW,
    withdrawn_too: bool = False,
) -> QuerySet[Evidence]:
    """The evidence that is wanted, of the applications for which the person has the permission; unordered.

    `withdrawn_too`: where the filter names no state, what was withdrawn as well.
    """
    found = among(_within(user, wanted.department, permission), wanted.applications)
    if wanted.ends == WITHDRAWN:
        found = found.filter(withdrawn_at__isnull=False)
    elif wanted.ends or not withdrawn_too:
        found = found.filter(withdrawn_at=None)
    return matching(found, wanted, day)


def matching(found: QuerySet[Evidence, Any], wanted: Wanted, day: date, prefix: str = "") -> QuerySet[Evidence, Any]:
    """Those of `found` that are of the kind, end as and say what is wanted. `prefix`: of the columns that tell."""
    if wanted.kinds:
        found = found.filter(**{f"{prefix}kind__in": wanted.kinds})
    if wanted.q:
        named = AIApplication.objects.all().search(wanted.q).order_by().values("pk")
        says = Q(**{f"{prefix}title__icontains": wanted.q})
        found = found.filter(says | Q(control__iexact=wanted.q) | Q(application__in=named))
    until = f"{prefix}valid_until"
    if wanted.ends == EXPIRED:
        return found.filter(**{f"{until}__lt": day})
    if wanted.ends == CURRENT:
        return found.filter(Q(**{until: None}) | Q(**{f"{until}__gte": day}))
    if wanted.ends and wanted.ends != WITHDRAWN:
        return found.filter(**{f"{until}__range": (day, day + timedelta(days=int(wanted.ends)))})
    return found


def page(user: User, wanted: Wanted, day: date, number: int) -> Page:
    """One page of the list as items, what ends first at the top; three queries whatever the page."""
    return Paginator(_Rows(evidence_in(user, wanted, day), day), ROWS_A_PAGE).get_page(number)


def counts(user: User, wanted: Wanted, day: date) -> Counts:
    """What has run out and what will, of the evidence in sight, whatever it is and says; kept until anybody does
    anything. Two queries at most."""
    found = among(_within(user, wanted.department, Permission.VIEW), wanted.applications).filter(withdrawn_at=None)
    try:
        key = ("evidence", day, *found.values("pk").query.sql_with_params())
    except EmptyResultSet:
        return Counts(0, dict.fromkeys(ENDS, 0))
    return kept(key, lambda: ending(found, "valid_until", day))


def ending(found: QuerySet[Evidence, Any], until: str, day: date) -> Counts:
    """How much of `found` had run out, and how much does within so many days; `until` names its last day."""
    ends = {f"d{days}": Q(**{f"{until}__range": (day, day + timedelta(days=days))}) for days in ENDS}
    figures = found.filter(**{f"{until}__lte": day + timedelta(days=max(ENDS))}).aggregate(
        expired=Count("id", filter=Q(**{f"{until}__lt": day})),
        **{key: Count("id", filter=q) for key, q in ends.items()},
    )
    return Counts(figures["expired"], {days: figures[f"d{days}"] for days in ENDS})


def _within(user: User | None, department: Department | None, permission: Permission) -> QuerySet[Evidence]:
    if access.sees_everything(user, permission) and (department is None or department.parent_id is None):
        return Evidence.objects.order_by()
    seen = access.applications(user, permission)
    if department is not None and department.parent_id is not None:
        seen = seen.in_department(department)
    return Evidence.objects.filter(application__in=seen.order_by().values("pk")).order_by()


def among(found: QuerySet[Evidence], applications: QuerySet[AIApplication, Any] | None) -> QuerySet[Evidence]:
    """Those of `found` that belong to these applications; None: all."""
    return found if applications is None else found.filter(application__in=applications)


def _holds(day: date) -> Q:
    return Q(valid_until=None) | Q(valid_until__gte=day)


class _Rows(Sequence[Item]):
    """The list as a paginator takes it: counted up to MOST_ROWS, cut in SQL. `more`: there are others."""

    def __init__(self, found: QuerySet[Evidence], day: date) -> None:
        self._found, self._day = found, day
        self._length: int | None = None

    def __len__(self) -> int:
        if self._length is None:  # found anew for every page, so not counted to the last of millions
            self._length = self._found[: MOST_ROWS + 1].count()
        return min(self._length, MOST_ROWS)

    @property
    def more(self) -> bool:
        return len(self) == MOST_ROWS and self._length != MOST_ROWS

    def __getitem__(self, part: Any) -> Any:
        ids = self._found.order_by(F("valid_until").asc(nulls_last=True), "id").values("pk")[part]
        whole = Evidence.objects.filter(pk__in=ids).select_related("application__department", "file", "added_by")
        return as_items(whole.order_by(F("valid_until").asc(nulls_last=True), "id"), self._day)


def last_correction(item: Evidence) -> AuditLogEntry | None:
    """The audit entry of the last correction of an item."""
    entries = AuditLogEntry.objects.filter(action="evidence.changed", details__evidence=item.pk)
    entries = entries.filter(object_type=AIApplication._meta.model_name, object_id=str(item.application_id))
    return entries.select_related("actor").order_by("-id").first()
