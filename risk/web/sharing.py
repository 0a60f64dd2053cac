"""Passing a shared platform's statements on to the applications that run on it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication
from inventory.models.application import ApplicationQuerySet
from inventory.selectors.asked import Reader
from inventory.selectors.scope import options, scope_of
from inventory.web.filters import Filters, tell
from inventory.web.requests import PersonRequest
from risk.method import load_method
from risk.selectors import sharing as found_sharing
from risk.services import sharing
from risk.web.shell import shell

ACTS = ("share", "end")


@require_http_methods(["GET", "POST"])
def sharing_page(request: PersonRequest, pk: int) -> HttpResponse:
    """What is shared now; controls and applications to choose.

    A POST shares, or ends a sharing; any other turns the page or filters it, and keeps what is chosen: the form carries
    it along, since choices may be more than an address holds.
    """
    platform = access.application_or_404(request.user, pk, Permission.EDIT)
    filters = _filters(request)
    found = found_sharing.candidates(request.user, platform, filters.department, filters.q)
    if request.method == "POST" and request.POST.get("do") in ACTS:
        try:
            messages.success(request, _act(request, platform, found))
        except ValidationError as problems:
            messages.error(request, " ".join(problems.messages))
        else:
            return redirect(reverse("risk:sharing", args=[pk]) + filters.query())
    return render(request, "risk/sharing.html", _page(request, platform, filters, found))


def _filters(request: PersonRequest) -> Filters:
    """As the address says; as the form says where its filters were pressed, from the first page on."""
    if request.method == "POST" and request.POST.get("do") == "filter":
        found = Filters.from_query(request.user, request.POST)
        tell(request, found.ignored)
        return found
    return Filters.from_request(request)


def _page(
    request: PersonRequest, platform: AIApplication, filters: Filters, found: ApplicationQuerySet
) -> dict[str, Any]:
    page = found_sharing.page(found, filters.page)
    here = [one.pk for one in page]
    chosen = found_sharing.chosen(request.user, platform, request.POST.getlist("application"))
    ticked = set(chosen.values_list("pk", flat=True))
    return {
        **shell(request.user, platform, "controls"),
        "filters": filters,
        "departments": options(scope_of(request.user, filters.department)),
        "passed": found_sharing.passed_on(platform),
        "page": page,
        "ticked": ticked,
        "elsewhere": chosen.exclude(pk__in=here).select_related("department").order_by("name", "pk"),
        "ticked_controls": set(request.POST.getlist("control")),
        "address": reverse("risk:sharing", args=[platform.pk]) + filters.query(),
        "every": request.POST.get("every") == "1",
    }


def _act(request: PersonRequest, platform: AIApplication, found: ApplicationQuerySet) -> str:
    """Do what the form asks; returns what to tell."""
    controls = request.POST.getlist("control")
    if request.POST.get("do") == "end":
        ended = sharing.end_sharing(actor=request.user, platform=platform, controls=controls)
        return f"No longer shared: {ended:,} inherited statement{'' if ended == 1 else 's'} ended."
    every = request.POST.get("every") == "1"
    chosen = found_sharing.chosen(request.user, platform, request.POST.getlist("application"))
    done = sharing.share(
        actor=request.user, platform=platform, controls=controls, applications=found if every else chosen
    )
    kept = f" {done.kept:,} stayed with a statement of their own." if done.kept else ""
    return f"{done.applications:,} application{'' if done.applications == 1 else 's'} inherit now.{kept}"


@require_safe
def followers_page(request: PersonRequest, pk: int, entry: int) -> HttpResponse:
    """The applications that one act on a platform reached, as the audit entry counts them."""
    platform = access.application_or_404(request.user, pk)
    number = Reader(request.GET).number("page", 1)
    found = found_sharing.followers(request.user, platform, entry, number)
    if found is None:
        raise Http404("No such entry.")
    titles = load_method().controls
    context = {
        **shell(request.user, platform, "history"),
        "found": found,
        "page": found.seen,
        "controls": [f"{key} {titles[key].title}" if key in titles else key for key in found.controls],
    }
    return render(request, "risk/followers.html", context)
