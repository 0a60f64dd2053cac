"""Saved views: the list, opening one, and what their owner does with them."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from governance.models import SavedView
from governance.selectors import views
from governance.services import views as service
from inventory import access
from inventory.access import Permission, requires
from inventory.selectors.scope import options, scope_of
from inventory.web.requests import PersonRequest


@require_safe
@requires(Permission.VIEW)
def view_list(request: PersonRequest) -> HttpResponse:
    """The person's own views and those shared with them."""
    user, found = request.user, list(views.visible(request.user))
    start = views.start_of(user)
    may_share = access.may(user, Permission.SHARE)
    context = {
        "own": [(one, views.PAGES.get(one.page, "")) for one in found if one.owner_id == user.pk],
        "shared": [(one, views.PAGES.get(one.page, "")) for one in found if one.owner_id != user.pk],
        "start": start.pk if start else None,
        "departments": options(scope_of(user)) if may_share else (),
    }
    return render(request, "governance/views.html", context)


@require_safe
@requires(Permission.VIEW)
def open_view(request: PersonRequest, pk: int) -> HttpResponse:
    """On to the page as the view has it, cut to what the person who opens it may see."""
    return _opened(request, views.view_or_404(request.user, pk))


@require_safe
def start(request: PersonRequest) -> HttpResponse:
    """Where signing in leads: the view chosen for it, else the overview."""
    chosen = views.start_of(request.user)
    return _opened(request, chosen) if chosen else redirect("governance:overview")


def _opened(request: PersonRequest, view: SavedView) -> HttpResponse:
    if views.split(view.page, view.query) is None:
        messages.warning(request, _("The page of the view “%(name)s” is gone.") % {"name": view.name})
        return redirect("governance:views")
    query, hidden = views.query_for(request.user, view)
    if hidden:
        messages.info(
            request,
            _("“%(name)s” is of a department that you don't see: this shows what you see.") % {"name": view.name},
        )
    return redirect(_address(view.page, query))


def _address(page: str, query: str) -> str:
    """Where the page of a view is, as it has it."""
    parts, asked = views.split(page, query) or ({}, "")
    return reverse(page, kwargs=parts) + (f"?{asked}" if asked else "")


def _done(request: PersonRequest, act: Callable[[], object], said: str) -> HttpResponse:
    try:
        act()
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    else:
        messages.success(request, said)
    return redirect("governance:views")


@require_POST
@requires(Permission.VIEW)
def save_view(request: PersonRequest) -> HttpResponse:
    """Keep the page that the form stands on under a name, and stay on it."""
    page, query = request.POST.get("page", ""), request.POST.get("query", "")
    try:
        view = service.save(actor=request.user, name=request.POST.get("name", ""), page=page, query=query)
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
        return redirect("governance:views")
    messages.success(request, _("Saved as “%(name)s”. It stands under Saved views.") % {"name": view.name})
    return redirect(_address(view.page, view.query))


@require_POST
@requires(Permission.VIEW)
def rename_view(request: PersonRequest, pk: int) -> HttpResponse:
    """Another name."""
    view, name = views.view_or_404(request.user, pk, own=True), request.POST.get("name", "")
    return _done(request, lambda: service.rename(actor=request.user, view=view, name=name), _("Renamed."))


@require_POST
@requires(Permission.SHARE)
def share_view(request: PersonRequest, pk: int) -> HttpResponse:
    """Share with who is around a department, or with nobody any more."""
    view, key = views.view_or_404(request.user, pk, own=True), request.POST.get("department", "").replace("\x00", "")
    department = access.department_or_404(request.user, key, Permission.SHARE) if key else None
    said = _("Shared in %(department)s.") % {"department": department} if department else _("Yours alone again.")
    return _done(request, lambda: service.share(actor=request.user, view=view, department=department), said)


@require_POST
@requires(Permission.VIEW)
def delete_view(request: PersonRequest, pk: int) -> HttpResponse:
    """Delete it."""
    view = views.view_or_404(request.user, pk, own=True)
    return _done(
        request,
        lambda: service.delete(actor=request.user, view=view),
        _("“%(name)s” is deleted.") % {"name": view.name},
    )


@require_POST
@requires(Permission.VIEW)
def start_with_view(request: PersonRequest, pk: int) -> HttpResponse:
    """Start with it after signing in, or, where that stands, with the overview again."""
    view = views.view_or_404(request.user, pk)
    off = request.POST.get("off") == "yes"
    start = _("the overview") if off else _("“%(name)s”") % {"name": view.name}
    said = _("From your next sign-in on you start with %(start)s.") % {"start": start}
    return _done(request, lambda: service.start_with(actor=request.user, view=None if off else view), said)
