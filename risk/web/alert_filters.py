"""What the queue of alerts is asked for: its filters, and the day."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.choices import AlertState, Severity
from inventory.models import AIApplication, User
from inventory.selectors.scope import Scope, scope_of
from inventory.web.as_of import At
from inventory.web.filters import Filters, Words
from inventory.web.requests import PersonRequest
from risk.selectors import alerts, alerts_then, applications, applications_then
from risk.selectors.alerts import Wanted
from risk.selectors.techniques import choices
from risk.web.as_of import at_of

BELOW = "below"  # of applications, whose place an alert has
OF_THEN = gettext_lazy(
    "Open or closed by what had been done up to the end of this day. Severity, tactics and the application an alert is"
    " about are today’s, and so are the rights to see it; who held it then is not told. A title opens"
    " it as it is today."
)


def tactics() -> dict[str, str]:
    return {key: key.replace("_", " ").capitalize() for key in alerts.tactic_words()}


def words() -> dict[str, Words]:
    """What the queue can be narrowed by besides what every list takes, with what people read."""
    said: dict[str, Words] = {
        "state": dict(AlertState.choices),
        "severity": dict(Severity.choices),
        "tactic": tactics(),
        "technique": dict(choices()),
        "who": {alerts.MINE: _("me"), alerts.NOBODY: _("nobody")},
        "late": {"yes": _("late")},
        "tied": {"yes": _("an application"), "no": _("none")},
    }
    return {name: said.get(name, known) for name, known in alerts.words().items()}


def wanted_by(filters: Filters, application: AIApplication | None = None) -> Wanted:
    """What was asked for."""
    left = applications.among(applications.wanted(filters))
    return alerts.wanted(filters.department, application, applications=left, own=filters.own, q=filters.q)


def wanted_then(user: User, filters: Filters, day: date, application: AIApplication | None = None) -> Wanted:
    """The same of a past day: department, and what narrows applications, as they stood then."""
    asked = replace(applications.wanted(filters), q="", sort="", points="")
    left = applications_then.seen(user, asked, day)
    return alerts.wanted(None, application, applications=left, own=filters.own, q=filters.q)


def asked(request: PersonRequest, own: Mapping[str, Words]) -> tuple[Filters, Scope, At]:
    """The filters of the address, and the day. Who held an alert then is not known, so a past day isn't narrowed by
    it."""
    filters = Filters.from_request(request, sorts=list(alerts.SORTS), own={**own, BELOW: ("no",)})
    scope = scope_of(request.user, filters.department)
    filters, at = at_of(request, filters, scope)
    if at.past:
        known = {name: words for name, words in filters.own.items() if name not in alerts_then.UNKNOWN}
        idle = {name: "".join(filters.own.get(name, ())[:1]) for name in alerts_then.UNKNOWN}
        filters = replace(filters, own=known).with_named(
            {name: filters.said.get(name, {}).get(word, word) for name, word in idle.items()}
        )
    return filters, scope, at
