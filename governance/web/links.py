"""Where a figure leads: the address of the list behind it, and charts whose parts lead there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import charts
from governance.charts import Chart
from governance.selectors.among import ALL, Among, among, place
from governance.selectors.compliance import FrameworkFigures
from governance.selectors.usage import UsedApp
from inventory.models import Department
from inventory.web.filters import Filters
from risk.choices import Band

EVERY_ONE = gettext_lazy("all applications")
# What stands beside figures that kind, band, class and owner can't narrow, with the reason
BY_DEPARTMENT_ALONE = gettext_lazy("all applications: earlier days are kept for whole departments")
SERIOUS = f"{Band.HIGH},{Band.CRITICAL}"


def period_words(days: int, day: date, past: bool) -> str:
    """What stands beside figures of a period that ends on a day."""
    if past:
        return _("%(period)s days up to %(day)s") % {"period": days, "day": f"{day:%-d %B %Y}"}
    return _("Last %(period)s days") % {"period": days}


def as_of_words(day: date, narrowed: bool = False) -> str:
    """What stands beside figures of a day. `narrowed`: a filter is in force that can't narrow them."""
    words = _("As of %(day)s") % {"day": f"{day:%-d %b %Y}"}
    return f"{words} · {BY_DEPARTMENT_ALONE}" if narrowed else words


def address(route: str, *args: object, **query: Any) -> str:
    """The address of a route; a Department becomes its key, what is empty is left out, `class_` stands for `class`."""
    pairs = [f"{name.rstrip('_')}={_word(value)}" for name, value in query.items() if value not in (None, "", ())]
    path = _path(route, *args)
    return f"{path}?{'&'.join(pairs)}" if pairs else path


def _word(value: Any) -> str:
    if isinstance(value, Department):
        return _quoted(value.key)
    return _quoted(",".join(map(str, value)) if isinstance(value, list | tuple) else str(value))


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    """A page's hundreds of addresses are made of few words."""
    return quote_plus(text)


@lru_cache(maxsize=4096)
def _path(route: str, *args: object) -> str:
    """A page shows hundreds of links to the same few places."""
    return reverse(route, args=args)


def applications_url(**query: Any) -> str:
    """The list of applications, narrowed."""
    return address("risk:applications", **query)


def application_url(pk: int | None) -> str:
    """The page of an application; nothing for one that can't be opened."""
    return address("risk:application", pk) if pk else ""


def events_url(filters: Filters, day: date | None = None, **query: Any) -> str:
    """The single events behind a figure of use: of the same people and applications, and of the period that ends on
    `day` (without it the address gets its days from who adds them). Nothing where applications are chosen by their
    place, unless it names one: the explorer can't be narrowed so."""
    if not {"application", "sighting"} & query.keys():
        chosen = among(filters, date.fromisoformat(filters.as_of) if filters.as_of else None).of_events
        if chosen is None:
            return ""
        query.update(chosen)
    since = day - timedelta(days=filters.period - 1) if day else None
    return address("inventory:events", department=filters.department, **query, people="own", since=since, until=day)


@dataclass(frozen=True)
class UsedRow:
    """An AI app that people of a department use, with what each figure opens; nothing for one out of sight."""

    app: UsedApp
    url: str
    interactions: str
    people: str
    sensitive: str


def used_row(app: UsedApp, filters: Filters, day: date) -> UsedRow:
    """Its figures open the single events of the same people and days. Distinct people have no rows of their own:
    theirs opens whatever they did, interactions and visits."""
    if app.id is None and app.sighting is None:
        return UsedRow(app, "", "", "", "")
    about: dict[str, Any] = {"application": app.id} if app.id else {"sighting": app.sighting}
    days = {"department": filters.department, "period": filters.period}
    return UsedRow(
        app,
        application_url(app.id) if app.id else address("inventory:sightings", q=app.name, **days),
        events_url(filters, day, **about, event="interaction"),
        events_url(filters, day, **about),
        events_url(filters, day, **about, event="sensitive"),
    )


def department_url(department: Department, as_of: date | None = None, left: Among = ALL) -> str:
    """The page of a department, as of a past day where one is given; `left`: of the applications chosen."""
    return address("governance:department", department.key, **left.query, as_of=as_of)


def as_of_day(url: str, day: date) -> str:
    """The same page as of a past day; nothing where there is none."""
    return f"{url}{'&' if '?' in url else '?'}as_of={day}" if url else ""


@dataclass(frozen=True)
class FrameworkCharts:
    """Coverage of the binding and of the voluntary frameworks: two charts, because the two are never mixed."""

    binding: Chart
    voluntary: Chart


def framework_bars(found: Sequence[FrameworkFigures], filters: Filters) -> list[charts.FrameworkCoverage]:
    """The frameworks as bars; each part leads to the requirements in that state, narrowed as the page is."""
    left = place(filters) if filters.as_of else among(filters)
    kept = {"department": filters.department, **left.query, "as_of": filters.as_of}
    return [
        charts.FrameworkCoverage(
            name=one.short_name,
            met=one.met,
            partial=one.partial,
            gap=one.gap,
            unknown=one.unknown,
            upcoming=one.upcoming,
            low=one.low,
            high=one.high,
            url=address("governance:framework", one.framework.id, **kept),
            by_state=not filters.as_of,
        )
        for one in found
    ]


def framework_charts(found: Sequence[FrameworkFigures], filters: Filters) -> FrameworkCharts:
    """Coverage by framework, binding ones apart from voluntary ones."""
    binding = [one for one in found if one.framework.binding]
    voluntary = [one for one in found if not one.framework.binding]
    return FrameworkCharts(
        charts.compliance_by_framework(
            framework_bars(binding, filters), key="compliance", title=_("Binding frameworks")
        ),
        charts.compliance_by_framework(
            framework_bars(voluntary, filters), key="voluntary", title=_("Voluntary frameworks")
        ),
    )
