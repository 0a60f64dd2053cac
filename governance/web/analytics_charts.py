"""The charts of the analytics pages out of their figures, each part with the address of the rows behind it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from governance import charts
from governance.charts import bands
from governance.charts import risk as risk_charts
from governance.selectors import compliance, department
from governance.selectors.among import ALL, Among, among, live_then, seen_then
from governance.selectors.analytics import risk, use
from governance.selectors.overview import Figures
from governance.selectors.rollups import Risk
from governance.web.links import address, applications_url, department_url, events_url
from inventory.charts.bars import Bar, Line, Part, daily_lines, most_in, ranked_bars
from inventory.charts.base import Chart, many
from inventory.choices import Lifecycle, Severity
from inventory.models import Department
from inventory.selectors.scope import Scope
from inventory.web.as_of import At
from inventory.web.filters import Filters
from risk.choices import Principle
from risk.selectors import applications_then, evidence_then
from risk.selectors import evidence as found_evidence
from risk.selectors.alerts import OPEN
from risk.selectors.threats import open_by_tactic

VISITS = gettext_lazy("Visits to AI sites appear here once a proxy log has been loaded under Feeds.")
AUDIT = gettext_lazy("Use is told by Purview audit records, loaded under Feeds.")
_VISITS_COUNTED = ngettext_lazy("%(number)s visit", "%(number)s visits", "n")
_MARKS = ngettext_lazy("%(number)s mark", "%(number)s marks", "n")
_INTERACTIONS = ngettext_lazy("%(number)s interaction", "%(number)s interactions", "n")
_APPS = ngettext_lazy("%(number)s AI app", "%(number)s AI apps", "n")
_LABELS = ngettext_lazy("%(number)s label", "%(number)s labels", "n")
_TYPES = ngettext_lazy("%(number)s information type", "%(number)s information types", "n")
_ALERTS = ngettext_lazy("%(number)s open alert", "%(number)s open alerts", "n")
_USERS = ngettext_lazy("%(number)s distinct user", "%(number)s distinct users", "n")
_SEVERITIES = (
    (Severity.HIGH, "band-critical-solid", ""),
    (Severity.MEDIUM, "band-high-solid", ""),
    (Severity.LOW, "band-moderate-solid", ""),
    (Severity.INFORMATIONAL, "series-6", "/"),
)


def _about(app: use.App) -> dict[str, Any]:
    """The parameters that name an app; none for one out of the person's sight."""
    return {"application": app.id} if app.id else {"sighting": app.sighting} if app.sighting else {}


def _events(app: use.App, filters: Filters, day: date, **query: Any) -> str:
    about = _about(app)
    return events_url(filters, day, **about, **query) if about else ""


def visits(found: Sequence[use.App], filters: Filters, day: date) -> Chart:
    """Visits by day to the AI sites visited most."""
    lines = [
        Line(one.name, one.days, url=events_url(filters, **_about(one), event="visit") if _about(one) else "")
        for one in found
    ]
    days = [day - timedelta(days=ago) for ago in reversed(range(filters.period))] if found else []
    return daily_lines(
        lines,
        key="visits",
        title=_("Visits to AI sites over time"),
        unit=_("Visits per day, the %(n)s sites visited most") % {"n": use.VISITED},
        counted=_VISITS_COUNTED,
        nothing=_("No visit in this period."),
        empty=str(VISITS),
        days=days,
    )


def _named(found: Sequence[use.Named], parameter: str, filters: Filters, day: date) -> list[Bar]:
    return [Bar(one.name, (one.interactions,), events_url(filters, day, **{parameter: one.key})) for one in found]


def labels(found: Sequence[use.Named], filters: Filters, day: date) -> Chart:
    """Interactions by the sensitivity label that they touched."""
    bars = _named(found, "label", filters, day)
    return ranked_bars(
        bars,
        [Part(_("Interactions"))],
        key="labels",
        title=_("Sensitivity labels referenced"),
        unit=_("Interactions that touched something so labelled; one with two labels counts for both"),
        of=_("Label"),
        summary=_highest(bars, _LABELS, _("No interaction in this period touched anything labelled.")),
        empty=_("No interaction in this period touched anything labelled. %(source)s") % {"source": AUDIT},
    )


def types(found: Sequence[use.Named], filters: Filters, day: date) -> Chart:
    """Interactions by the sensitive information type found in them."""
    bars = _named(found, "information_type", filters, day)
    return ranked_bars(
        bars,
        [Part(_("Interactions"), "series-4")],
        key="types",
        title=_("Sensitive information shared with AI"),
        unit=_("Interactions in which it was found; one with two types counts for both"),
        of=_("Information type"),
        summary=_highest(bars, _TYPES, _("No sensitive information was found in this period.")),
        empty=_("No sensitive information was found in this period. %(source)s") % {"source": AUDIT},
    )


def _highest(bars: Sequence[Bar], counted: Any, nothing: str) -> str:
    if not bars:
        return nothing
    return _("%(name)s most, in %(interactions)s; %(shown)s shown.") % {
        "name": bars[0].name,
        "interactions": many(bars[0].values[0], _INTERACTIONS),
        "shown": many(len(bars), counted),
    }


def users_by_app(found: Sequence[use.App], filters: Filters, day: date) -> Chart:
    """Distinct people by AI app."""
    bars = [Bar(one.name, one.amounts, _events(one, filters, day)) for one in found]
    return _most_users(
        bars,
        "series-2",
        key="users-by-app",
        title=_("Users per AI app"),
        unit=_("Distinct people who used it; they don't add up, and each may have many events behind them"),
        of=_("AI app"),
    )


def users_by_department(found: Sequence[use.DepartmentUsers], filters: Filters, day: date) -> Chart:
    """Distinct people by department."""
    bars = []
    for one in found:
        if one.department is None:
            name, asked = _("Unassigned"), {"unassigned": "yes"}
        elif one.itself:
            name, asked = _("%(name)s itself") % {"name": one.department.name}, {"below": "no"}
        else:
            name, asked = one.department.name, {}
        bars.append(Bar(name, (one.users,), events_url(replace(filters, department=one.department), day, **asked)))
    return _most_users(
        bars,
        "series-1",
        key="users-by-department",
        title=_("Users per department"),
        unit=_("Distinct people of the department and those below it who used AI; they don't add up"),
        of=_("Department"),
        hint=_("The department comes with the Entra user list."),
    )


def _most_users(bars: Sequence[Bar], series: str, hint: str = "", **words: Any) -> Chart:
    """Distinct people a bar. `hint`: what else an empty chart may lack."""
    return ranked_bars(
        bars,
        [Part(_("Distinct users"), series)],
        summary=_("%(name)s has most, %(users)s.")
        % {
            "name": bars[0].name,
            "users": many(bars[0].values[0], _USERS),
        }
        if bars
        else _("Nobody used AI."),
        empty=_("Nobody was seen using AI in this period. %(source)s") % {"source": f"{AUDIT} {hint}".strip()},
        **words,
    )


def attacked(found: Sequence[use.App], filters: Filters, day: date) -> Chart:
    """The apps with most attacks, by kind of mark."""
    words = ("jailbreak", "injection")
    bars = [
        Bar(
            one.name,
            one.amounts,
            _events(one, filters, day, event="attack"),
            [_events(one, filters, day, event=word) for word in words],
        )
        for one in found
    ]
    return ranked_bars(
        bars,
        (Part(_("Jailbreak attempts"), "band-critical-solid", ""), Part(_("Injections"), "series-4", "/")),
        key="attacked",
        title=_("Most attacked AI apps"),
        unit=_("Interactions marked; one with both marks counts under each"),
        of=_("AI app"),
        whole=_("Marks"),
        summary=most_in(bars, _MARKS, _APPS, _("No interaction in this period was marked as an attack.")),
        empty=_("No interaction in this period was marked as an attack. %(source)s") % {"source": AUDIT},
    )


def attacks_by_day(found: tuple[Any, Any], filters: Filters, day: date) -> Chart:
    """Jailbreak attempts and injections by day."""
    lines = [
        Line(label, points, colour, events_url(filters, event=word))
        for label, points, colour, word in (
            (_("Jailbreak attempts"), found[0], "series-3", "jailbreak"),
            (_("Injections"), found[1], "series-4", "injection"),
        )
    ]
    days = [day - timedelta(days=ago) for ago in reversed(range(filters.period))] if any(found) else []
    return daily_lines(
        lines,
        key="attacks",
        title=_("Attacks over time"),
        unit=_("Interactions marked per day"),
        counted=_MARKS,
        nothing=_("No mark in this period."),
        empty=_("No interaction in this period was marked as an attack. %(source)s") % {"source": AUDIT},
        days=days,
    )


def tactics(scope: Scope, filters: Filters, at: At) -> Chart:
    """Open alerts by tactic and severity; each part opens the queue, of that day where it is past."""
    order = [severity for severity, *__ in _SEVERITIES]
    left, bars = among(filters, at.then), []
    asked = {"department": filters.department, **left.query, "state": OPEN, "as_of": at.then}
    here = (None, seen_then(scope, left, at.day)) if at.past else (filters.department, left.ids)
    for one in open_by_tactic(scope.user, *here, at.then):
        url = address("risk:alerts", **asked, tactic=one.word) if one.word else ""
        urls = [address("risk:alerts", **asked, tactic=one.word, severity=s) if one.word else "" for s in order]
        bars.append(Bar(one.name, [one.by_severity[s] for s in order], url, urls))
    unit = _("Open alerts by tactic and severity; one with two tactics counts for both")
    if at.past:
        unit += ". " + _("Open then by what was done up to that day; severity, tactic and application are today's.")
    nothing = _("No alert was open then.") if at.past else _("No alert is open.")
    return ranked_bars(
        bars,
        [Part(str(severity.label), colour, pattern) for severity, colour, pattern in _SEVERITIES],
        key="tactics",
        title=_("Kinds of attack"),
        unit=unit,
        of=_("Tactic"),
        summary=_("%(name)s most, in %(alerts)s.")
        % {"name": bars[0].name, "alerts": many(sum(bars[0].values), _ALERTS)}
        if bars
        else nothing,
        empty=nothing + " " + _("Alerts come from Defender for Cloud, as files or by its API, loaded under Feeds."),
    )


def bands_over_time(scope: Scope, at: At, period: int, past: Sequence[Risk] | None = None) -> Chart:
    """Live applications by band on each day of the period. `past`: the course of the only department, if at hand."""
    days = [
        bands.BandsDay(on, counts, address("governance:departments", department=scope.chosen, as_of=_day_of(on, at)))
        for on, counts in risk.bands_by_day(scope, at.day, period, past)
    ]
    return bands.bands_over_time(days, at.day)


def _day_of(on: date, at: At) -> date | None:
    """What a day of a course leads to: that day; the last one, to what is asked for, today or not."""
    return on if on < at.day else at.then


def bands_by_department(scope: Scope, at: At, period: int) -> Chart:
    """Live applications by band in each of the worst departments, on the same days of the period."""
    rows = [
        bands.BandsCourse(
            one.department.name,
            [bands.BandsDay(on, counts, department_url(one.department, _day_of(on, at))) for on, counts in one.days],
        )
        for one in risk.bands_by_department(scope, at.day, period)
    ]
    return bands.bands_by_department_over_time(rows, risk.MOST_COURSES)


def ranking(at: At, known: Figures, left: Among) -> Chart:
    """Departments by index, with its parts. `known`: their figures, of the applications `left`."""
    return risk_charts.department_ranking(
        [
            risk_charts.Ranked(
                *(one.department.name, one.worst, one.tail, one.mean, one.guard),
                department_url(one.department, at.then, left),
            )
            for one in risk.ranking(known)
        ]
    )


def profile(scope: Scope, at: At, known: Figures, left: Among) -> Chart:
    """The principles of the one department looked at, against the highest above it in sight. `known`: the figures of
    both, of the applications `left`."""
    assert scope.top is not None
    top = scope.top
    found = risk.profile(top, known)
    rows = []
    for principle in Principle:
        own, other = found.own.get(principle), found.other.get(principle)
        asked = {**left.query, "lifecycle": Lifecycle.LIVE, "principle": principle, "sort": "-risk"}
        url = applications_url(department=top, **asked, as_of=at.then)
        values = (own.index if own else None, other.index if other else None)
        rows.append(risk_charts.PrincipleRisk(str(principle.label), *values, url))
    return risk_charts.principle_profile(rows, found.named, found.held_by)


def course(own: Department, at: At, days: Sequence[Risk]) -> Chart:
    """The index of a department, and where it goes if nobody acts."""
    return known_course(own, at, days, department.ahead(days[-1] if days else None, at.day))


def known_course(own: Department, at: At, days: Sequence[Risk], ahead: Sequence[department.Ahead]) -> Chart:
    """A past day opens the department as it stood; one ahead of today what moves until then, which of a past day is not
    kept."""
    points = [
        charts.DepartmentPoint(
            r.day, r.index, r.worst, r.mean, department_url(own, r.day if r.day < at.day else at.then)
        )
        for r in days
    ]
    coming = [(one.day, one.index) for one in ahead]
    moving = "" if at.past else address("governance:ahead", department=own)
    return charts.department_course(points, coming, at.day, moving)


def distribution(scope: Scope, filters: Filters, at: At) -> Chart:
    """How the scores of live applications are spread."""
    step, left = risk_charts.STEP, among(filters, at.then)
    here = {"department": filters.department, **left.query, "lifecycle": Lifecycle.LIVE, "sort": "-risk"}
    here["as_of"] = at.then
    urls = {edge: applications_url(**here, points=f"{edge}-{edge + step}") for edge in range(0, 100, step)}
    if at.past:
        found = applications_then.distribution(scope.user, live_then(scope, left), at.day, step)
    else:
        found = risk.distribution(scope, step, left)
    return risk_charts.score_distribution(found, urls)


def covered(scope: Scope, day: date, left: Among = ALL) -> list[compliance.FrameworkFigures]:
    """Coverage of every framework."""
    return compliance.frameworks(scope, day, left)


def evidence(scope: Scope, filters: Filters, at: At) -> Chart:
    """Evidence that has run out, or will within so many days; each bar is as long as the list it opens, of that day
    where it is past."""
    left = among(filters, at.then)
    if at.past:
        found = evidence_then.counts(found_evidence.Wanted(applications=seen_then(scope, left, at.day)), at.day)
    else:
        wanted = found_evidence.Wanted(department=filters.department, applications=left.ids)
        found = found_evidence.counts(scope.user, wanted, at.day)
    endings = [(found_evidence.EXPIRED, _("Expired"), found.expired)]
    endings += [(str(days), _("Within %(days)s days") % {"days": days}, n) for days, n in found.within.items()]
    there = any(n for *__, n in endings)
    bars = [
        Bar(
            words,
            (n,),
            address("risk:evidence", department=filters.department, **left.query, ends=word, as_of=at.then),
        )
        for word, words, n in endings
        if there
    ]
    said = ", ".join(f"{words.lower()} {n:,}" for __, words, n in endings)
    nothing = _("No evidence in sight has expired or will within 90 days.")
    if at.past:
        nothing = _("No evidence in sight had expired then or would within 90 days.")
    return ranked_bars(
        bars,
        [Part(_("Items of evidence"), "series-5")],
        key="evidence",
        title=_("Evidence expiring"),
        unit=_("Items of evidence; each later date counts the earlier ones with it"),
        of=_("Ends"),
        summary=_("Items of evidence: %(said)s.") % {"said": said} if there else nothing,
        empty=nothing,
    )
