"""The evidence behind a card: its rows, and the departments in which they lie."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet, Sum

from governance.models import Gravity, Subject
from governance.selectors.among import ALL, Among
from governance.selectors.recommendations import UNASSIGNED, Card, Place
from governance.selectors.recommendations_among import of_chosen
from inventory import access
from inventory.models import Department, User

A_PAGE = 25


@dataclass(frozen=True, slots=True)
class Line:
    """A subject as a row. `seen`: whether its own page can be opened by who looks."""

    kind: str
    ref: int | None
    name: str
    department: str
    department_key: str
    amount: int
    severity: str
    note: str
    since: datetime
    seen: bool

    @property
    def severity_name(self) -> str:
        return str(Gravity[self.severity.upper()].label)


def evidence(user: User, card: Card, *, within: Department | None = None, left: Among = ALL, page: int = 1) -> Page:
    """A page of Line: the subjects of a card, or those that lie in one department, not in those below it: as many as
    `places` says; of the applications that are left."""
    pages = Paginator(subjects_of(user, card, within, left), A_PAGE)
    if within is None:
        pages.count = card.rows  # counted in the transaction that wrote them, or with the same applications left
    shown: Page = pages.get_page(page)
    shown.object_list = lines(user, list(shown.object_list))
    return shown


def every_line(user: User, card: Card, within: Department | None = None, left: Among = ALL) -> Iterator[Line]:
    """All that `evidence` shows, some hundred at a time."""
    block: list[Subject] = []
    for subject in subjects_of(user, card, within, left).iterator(500):
        block.append(subject)
        if len(block) == 500:
            yield from lines(user, block)
            block = []
    yield from lines(user, block)


def lines(user: User, subjects: Sequence[Subject]) -> list[Line]:
    """Rows as who looks may see them: two queries for what can be opened."""

    def refs(*kinds: str) -> set[int]:
        return {one.ref for one in subjects if one.kind in kinds and one.ref is not None}

    apps, alerts = refs("application", "agent"), refs("alert")
    seen = set(access.applications(user).filter(pk__in=apps).values_list("pk", flat=True)) if apps else set()
    open_alerts = set(access.alerts(user).filter(pk__in=alerts).values_list("pk", flat=True)) if alerts else set()
    opened = {"application": seen, "agent": seen, "alert": open_alerts}
    return [
        Line(
            kind=one.kind,
            ref=one.ref,
            name=one.name,
            department=one.department.name if one.department else UNASSIGNED,
            department_key=one.department.key if one.department else "",
            amount=one.amount,
            severity=Gravity(one.gravity).name.lower(),
            note=one.note,
            since=one.since,
            seen=one.ref in opened[one.kind] if one.kind in opened else True,
        )
        for one in subjects
    ]


def places(user: User, card: Card, left: Among = ALL, most: int = 200) -> list[Place]:
    """The departments of a card, those with the most first; what belongs to none has no key."""
    rows = (
        subjects_of(user, card, left=left)
        .order_by()
        .values("department__key", "department__name")
        .annotate(rows=Count("pk"), sum=Sum("amount"))
        .order_by("-sum", "department__name")
    )
    return [
        Place(row["department__key"] or "", row["department__name"] or UNASSIGNED, row["rows"], row["sum"])
        for row in rows[:most]
    ]


def subjects_of(user: User, card: Card, within: Department | None = None, left: Among = ALL) -> QuerySet[Subject]:
    """The rows behind a card; those that belong to no department stand at the root alone."""
    found = Subject.objects.filter(of_chosen(user, left), rule=card.rule.key).select_related("department")
    if within is not None:
        found = found.filter(department=within)
    elif card.department.parent_id is not None:
        found = found.filter(department__in=Department.objects.subtree_of(card.department).order_by().values("pk"))
    return found.order_by("-gravity", "-amount", "pk")
