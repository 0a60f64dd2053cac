"""The third list of Discovery: registered applications used beyond their approval."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from inventory.access import Permission, requires
from inventory.choices import ApplicationKind
from inventory.selectors import chosen
from inventory.selectors.scope import options, scope_of
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest
from risk.selectors import beyond


@requires(Permission.VIEW)
@require_GET
def beyond_approval(request: PersonRequest) -> HttpResponse:
    """What is used though it is not approved, or for more sensitive data than it is approved for."""
    filters = Filters.from_request(request, own={"reason": beyond.REASONS})
    reasons = filters.own.get("reason", ())
    above = beyond.above_approval_by_department(timezone.localdate(), filters.period)
    found = beyond.used_beyond_approval(
        request.user,
        above,
        department=filters.department,
        reasons=reasons,
        period=filters.period,
        q=filters.q,
        left=chosen.left(request.user, filters),
    )
    context = {
        "filters": filters,
        "page": beyond.beyond_page(found, above, period=filters.period, page=filters.page),
        "departments": options(scope_of(request.user, filters.department)),
        "kinds": ApplicationKind.choices,
        "reasons": beyond.REASONS.items(),
        "reason": ",".join(reasons),
        "narrowed": filters.narrowed,
    }
    return render(request, "risk/beyond.html", context)
