"""What a rule is, and what all of them are told.

A rule is one query over facts. It selects for each subject: key, department_id, kind, ref, name, amount, gravity,
note. Its parameters are its thresholds by name and the moments of `Anchors`: *now* is the newest event of the feed in
question, not the clock, so that a late file gives the same answer (deadlines and freshness alone go by the clock).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.selectors.discovery.rulings import in_force
from risk import records
from risk.choices import Principle, RecordForm

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise, StrPromise

WINDOW = 30  # days
WEEK = 7
# Kinds of feed (inventory.connectors.registry). What has a moment of its own, as alerts, data events and agents, stands
# still while its feed does; daily figures are several kinds' and go on with any of them.
INTERACTIONS = ("purview_audit", "activity_explorer", "otel_spans")
USE = (*INTERACTIONS, "cloud_discovery")  # with visits
PRINCIPLES = {"RS": Principle.RELIABILITY_SAFETY, "PS": Principle.PRIVACY_SECURITY, "A": Principle.ACCOUNTABILITY}


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that an administrator may change, from `least` to `most`."""

    name: str
    label: "StrOrPromise"
    value: float
    least: float = 1
    most: float = 1_000_000


class Amount(float):
    """A threshold in a trigger: `{people}` is its number, `{people:person|people}` the number with its noun."""

    def __format__(self, nouns: str) -> str:
        one, _, more = nouns.partition("|")
        return f"{float(self):g} {one if float(self) == 1 else more}".rstrip()


@dataclass(frozen=True, slots=True)
class Rule:
    """One recommendation: what `sql` finds.

    `needs`: (SQL that says whether the facts are there, what to load otherwise). `unit` names what the amounts count,
    `counted` does so beside a number (`ngettext_lazy` by "n"). `route` and `query` are where the action is done.
    `of_people`: what people did counts in their department, whichever the application belongs to.
    `anchor`: the moment of `Anchors` up to which it looks. `feeds`: the kinds that bring its facts; while one of them
    is a blind spot, that nothing is found means nothing, so nothing completes.
    """

    number: int
    key: str
    title: "StrOrPromise"
    goals: tuple[str, ...]
    trigger: "StrOrPromise"
    action: "StrOrPromise"
    unit: "StrOrPromise"
    counted: "StrPromise"
    route: str
    sql: str
    needs: tuple[str, "StrOrPromise"]
    anchor: str
    feeds: tuple[str, ...] = ()
    query: Mapping[str, str] | None = None
    thresholds: tuple[Threshold, ...] = ()
    of_people: bool = False

    @property
    def by_day(self) -> bool:
        """Whether it counts what happened in the days of its window."""
        return self.anchor == "day"

    @property
    def counts_where(self) -> str:
        """In which department a finding counts, in words."""
        if not self.of_people:
            return _("Each finding counts in one; choose one to see only its findings")
        return _(
            "What people did counts in their own department, whichever the application belongs to, so the number of "
            "one is only a part of the application's; choose one to see only its findings"
        )

    @property
    def principles(self) -> tuple[str, ...]:
        """The principles of its goals, each once."""
        return tuple(dict.fromkeys(str(PRINCIPLES[goal.rstrip("0123456789")].label) for goal in self.goals))

    def values(self, changed: Mapping[tuple[str, str], float]) -> dict[str, float]:
        """Its thresholds as they stand."""
        return {one.name: changed.get((self.key, one.name), one.value) for one in self.thresholds}

    def in_words(self, changed: Mapping[tuple[str, str], float]) -> str:
        """The trigger with the thresholds as they stand."""
        return str(self.trigger).format(**{name: Amount(value) for name, value in self.values(changed).items()})


@dataclass(frozen=True, slots=True)
class Anchors:
    """The newest moments of what feeds told; None: nothing yet."""

    now: datetime
    day: date | None  # of daily figures
    alerts: datetime | None
    events: datetime | None  # data-loss matches and findings
    agents: datetime | None

    def parameters(self) -> dict[str, Any]:
        """For the rules' SQL, with the beginnings of their windows."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        window = timedelta(days=WINDOW)
        return given | {
            "zone": timezone.get_current_timezone_name(),  # whose days daily figures go by
            # Read here, not on import: a broken file must not keep `manage.py check` from naming what is wrong
            "ruled": list(in_force(self.day).values_list("folded", flat=True)),  # and linked: theirs is registered use
            "review_months": records.form(RecordForm.IMPACT).review_months,
            "from_day": self.day - timedelta(days=WINDOW - 1) if self.day else None,
            # The same as moments, for what has a time of day: days are the organisation's, a date in SQL is one of UTC
            "from_at": _begin(self.day, WINDOW - 1),
            "week_at": _begin(self.day, WEEK - 1),
            "until_at": _begin(self.day, -1),
            "alerts_from": self.alerts - window if self.alerts else None,
            "events_from": self.events - window if self.events else None,
            "agents_from": self.agents - window if self.agents else None,
        }

    def of(self, rule: Rule) -> datetime | None:
        """Up to when a rule looks; None where that is the clock."""
        found = getattr(self, rule.anchor) if rule.anchor != "now" else None
        if found is None or isinstance(found, datetime):
            return found
        return _begin(found, 0)


def _begin(day: date | None, before: int) -> datetime | None:
    """When a day began, so many days before this one."""
    return timezone.make_aware(datetime.combine(day - timedelta(days=before), time.min)) if day else None


# What lies ahead is a wrong clock's: one record of it would move every window past all there is
_NEWEST = """
SELECT (SELECT max(day) FROM inventory_dailyusage WHERE day <= %(today)s),
    (SELECT max(at) FROM inventory_alert WHERE at <= %(now)s),
    (SELECT max(at) FROM inventory_dataevent WHERE at <= %(now)s),
    (SELECT max(as_of) FROM inventory_agentlisting WHERE as_of <= %(now)s)"""


def anchors(now: datetime) -> Anchors:
    """The moments up to which rules look, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, {"now": now, "today": timezone.localdate(now)})
        return Anchors(now, *cursor.fetchone())
