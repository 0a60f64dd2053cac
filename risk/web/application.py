"""The pages of one application that only show: summary and activity."""

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from inventory import access
from inventory.access import Permission
from inventory.charts.base import Chart
from inventory.charts.usage import DailySeries, interactions_over_time
from inventory.models import AIApplication
from inventory.selectors import data_events, unusual
from inventory.selectors.dictionary import names
from inventory.web.filters import Filters
from inventory.web.register import obstacles
from inventory.web.requests import PersonRequest
from inventory.web.unusual import charts_of, explained
from risk.charts import Contribution, ScorePoint, score_history, why_this_score
from risk.choices import OVERALL, Principle, TaskState
from risk.method import load_method
from risk.scoring.case import APPROVED_FOR
from risk.scoring.vocabulary import WORST, Kind
from risk.selectors import activity, cases, records
from risk.selectors.classification import not_ruled_out
from risk.selectors.outlook import Horizon
from risk.selectors.ratchet import held
from risk.selectors.summary import Summary, summary
from risk.services import gate
from risk.web.addresses import address_of, addressed
from risk.web.classification import stop
from risk.web.shell import shell
from risk.web.tasks import with_addresses

MOST_CAUSES = 3  # of a horizon that are shown at once
_CHART_KINDS = {
    Kind.IMPACT: "inherent",
    Kind.LIKELIHOOD: "inherent",
    Kind.FLOOR: "inherent",
    Kind.PROHIBITED: "inherent",
    Kind.CONTROL: "control",
    Kind.EVENT: "signal",
    Kind.RATE: "signal",
    Kind.DRIFT: "signal",
}


@require_safe
def application_page(request: PersonRequest, pk: int) -> HttpResponse:
    """Residual risk by principle, why it is what it is, what would help most, and its course."""
    application = access.application_or_404(request.user, pk, Permission.VIEW, "score")
    filters = Filters.from_request(request)
    measure = filters.principle or OVERALL
    judgement = cases.judge_now(application, timezone.localdate())
    found, versions = summary(application, judgement, measure), records.versions_by_form(application)
    width = judgement.score.high - judgement.score.low
    head = shell(request.user, application, "application", judgement)
    context = {
        **head,
        "unsettled": head["open_questions"] + head["progress"].questions_unknown,
        "found": found,
        "why": _why(application, found),
        "course": _course(application, found, judgement.day),
        "horizons": [_horizon(application, one) for one in found.ahead.horizons],
        "steps": [(one, address_of(application.pk, "", one.key)) for one in found.steps],
        "moved_by": [
            replace(one, url=address_of(application.pk, one.kind, one.key))
            for one in activity.moved_by(judgement, found.parts)
        ],
        "held": held(judgement),
        "tasks": with_addresses(
            application.tasks.filter(state=TaskState.OPEN).select_related("application__score", "owner")
        ),
        "today": judgement.day,
        "compared": "" if measure == OVERALL else urlencode({"principle": measure}),
        "measures": [(OVERALL, _("Overall")), *Principle.choices],
        "overall": measure == OVERALL,
        "method": load_method().version,
        "completeness": WORST - width,
        "width": width,
        "prohibited": found.judgement.inputs.prohibited,
        **stop(application, judgement),
        "not_ruled_out": not_ruled_out(judgement, load_method()),
        "obstacles": obstacles(application, gate.objections_now(application, judgement, versions)),
        "due_again": records.due_again(application, judgement, versions),
    }
    return render(request, "risk/application.html", context)


def _horizon(application: AIApplication, one: Horizon) -> dict[str, Any]:
    """A horizon with its causes: the largest, and the others behind one sum; all add up to the change."""
    causes = addressed(application.pk, one.causes)
    rest = causes[MOST_CAUSES:]
    return {"at": one, "first": causes[:MOST_CAUSES], "rest": rest, "sum": sum(cause.amount for cause, __ in rest)}


def _why(application: AIApplication, found: Summary) -> Chart:
    steps = [
        Contribution(
            part.label,
            part.amount,
            "assumed" if part.assumed else _CHART_KINDS.get(part.kind, "unknown"),
            address_of(application.pk, part.kind, part.key),
        )
        for part in found.parts
    ]
    subject = _("the overall risk") if found.measure == OVERALL else found.label.lower()
    return why_this_score(steps, found.total, subject=subject)


def _course(application: AIApplication, found: Summary, today: date) -> Chart:
    """The past year, then the forecast; a click on a day opens what changed since."""
    compare = reverse("risk:compare", args=[application.pk])
    points = [
        ScorePoint(
            *(m.day, m.low, m.point, m.high),
            url=f"{compare}?before={m.day.isoformat()}" if m.day < today and not m.why else "",
            why=m.why,
        )
        for m in found.history
    ]
    ahead = [ScorePoint(m.day, m.low, m.point, m.high) for m in found.ahead.course]
    if points and ahead:
        ahead.insert(0, ScorePoint(today, found.low, found.value, found.high))
    return score_history(
        points, ahead=ahead if points else (), title=_("%(label)s over time, and ahead") % {"label": found.label}
    )


@require_safe
def activity_page(request: PersonRequest, pk: int) -> HttpResponse:
    """Use by day, the alerts and the metrics."""
    application = access.application_or_404(request.user, pk, Permission.VIEW, "score")
    filters = Filters.from_request(request)
    today = timezone.localdate()
    dictionary = cache(names)  # for the judgement and two lists, and only if one of them names anything
    judgement = cases.judge_now(application, today, dictionary)
    use = activity.usage_of(application, today, filters.period)
    courses, found = (
        unusual.courses(application, filters.period),
        unusual.of(application, unusual.since(filters.period)),
    )
    events = f"{reverse('inventory:events')}?{urlencode({'application': pk})}"
    course = DailySeries("registered", application.name, use.days, f"{events}&event=interaction")
    context = {
        **shell(request.user, application, "activity", judgement),
        "filters": filters,
        "use": use,
        "chart": interactions_over_time([course] if use.days else []),
        "events_url": f"{events}&period={filters.period}",
        "period_words": _("Last %(period)s days") % {"period": filters.period},
        "alerts": activity.alerts_of(application),
        "metrics": activity.metrics_of(application, today, filters.period),
        "signals": [
            replace(one, url=address_of(pk, one.kind, one.key) if one.kind == Kind.EVENT else "")
            for one in activity.signals_of(judgement)
        ],
        "data_events": data_events.events_of(application, filters.period, dictionary),
        "usual": charts_of(courses, found),
        "standings": [(one.metric.label, one.standing) for one in courses],
        "found": explained(found),
        "carried": activity.carried_by(
            application, judgement.case.answers.get(APPROVED_FOR), today, filters.period, dictionary
        ),
    }
    return render(request, "risk/activity.html", context)
