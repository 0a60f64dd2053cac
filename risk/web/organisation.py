"""Facts about the organisation: answered once, overridden by a department that differs."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from inventory import access
from inventory.access import Permission, requires
from inventory.models import Department
from inventory.selectors.scope import options, scope_of
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest
from risk.selectors.organisation import organisation_facts
from risk.services import assessments

_VALUES = {"yes": True, "no": False, "unknown": None}
INHERIT = "inherit"


@require_http_methods(["GET", "POST"])
@requires(Permission.VIEW)
def organisation_page(request: PersonRequest) -> HttpResponse:
    """The facts of the organisation, or of the department that the address names."""
    filters = Filters.from_request(request)
    department = filters.department or scope_of(request.user).top or _first(request)
    if department is None:
        return render(request, "risk/organisation_facts.html", {"filters": filters})
    problems: dict[str, list[str]] = {}
    if request.method == "POST":
        access.require(request.user, Permission.REVIEW, department)
        problems = _save(request, department)
        if not problems:
            messages.success(request, _("Saved. Every application below is judged anew."))
            return redirect(reverse("risk:organisation_facts") + f"?department={department.key}")
    context = {
        "filters": filters,
        "department": department,
        "departments": options(scope_of(request.user, filters.department)),
        "facts": organisation_facts(department),
        "is_root": department.parent_id is None,
        "may_change": access.may(request.user, Permission.REVIEW, department),
        "problems": problems,
    }
    return render(request, "risk/organisation_facts.html", context, status=400 if problems else 200)


def _first(request: PersonRequest) -> Department | None:
    return next(iter(scope_of(request.user).tops), None)


def _save(request: PersonRequest, department: Department) -> dict[str, list[str]]:
    """Save what the form says; returns what is wrong, by question."""
    given: dict[str, Any] = {fact.key: request.POST.get(f"q:{fact.key}", "") for fact in organisation_facts(department)}
    try:
        assessments.save_organisation_answers(
            actor=request.user,
            department=department,
            answers={key: _VALUES[value] for key, value in given.items() if value in _VALUES},
            inherit=[key for key, value in given.items() if value == INHERIT],
        )
    except ValidationError as problems:
        return problems.message_dict
    return {}
