"""Compliance as of a past day: the figures by framework, state and department, which are kept by day. Which requirement
of which application was behind them takes a judgement of each, which only the export makes."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from governance.selectors import compliance
from governance.selectors.among import place
from governance.selectors.compliance_rows import asked_for
from inventory.selectors.scope import Scope, options
from inventory.web.as_of import At
from inventory.web.filters import Filters
from risk.choices import RequirementStatus
from risk.scoring.method import Framework

ROWS_A_PAGE = 50
OVERDUE = "overdue"


def framework_page(request: HttpRequest, filters: Filters, scope: Scope, at: At, framework: Framework) -> HttpResponse:
    """One framework."""
    context = {"title": framework.name, "framework": framework, "heeds": ""}
    return _page(request, filters, scope, at, (framework.id,), context)


def gaps_page(
    request: HttpRequest, filters: Filters, scope: Scope, at: At, wanted: Mapping[str, Sequence[str]]
) -> HttpResponse:
    """The binding frameworks, the other ones, or one alone, as the address asks."""
    named = {name: tuple(wanted[name]) for name in ("framework", "binding") if any(wanted[name])}
    context = {"title": _("Gaps"), "binding": "".join(wanted["binding"]), "heeds": "framework binding"}
    return _page(request, filters, scope, at, asked_for(named).frameworks, context)


def _page(
    request: HttpRequest,
    filters: Filters,
    scope: Scope,
    at: At,
    frameworks: Sequence[str],
    context: Mapping[str, Any],
) -> HttpResponse:
    left = place(filters)
    found = [one for one in compliance.frameworks(scope, at.day, left) if one.framework.id in frameworks]
    rows = compliance.states_by_department(scope, at.day, frameworks, left)
    columns = [*RequirementStatus.values, OVERDUE]
    page = Paginator(rows, ROWS_A_PAGE).get_page(filters.page)
    shown = {
        "filters": filters,
        "scope": scope,
        "at": at,
        "departments": options(scope),
        "found": found,
        "states": [*map(str, RequirementStatus.labels), _("Overdue")],
        "page": page,
        "rows": [(one, [one.counts[name] for name in columns]) for one in page.object_list],
        **context,
    }
    return render(request, "governance/compliance_then.html", shown)
