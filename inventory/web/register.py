"""Registering an application in two minutes, and changing what the register states of it."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import IdentifierKind, Lifecycle
from inventory.models import AIApplication, Sighting
from inventory.selectors.discovery.seen import identifiers_of, prefilled
from inventory.selectors.register import Resembling, resembling
from inventory.services import applications, discovery, lifecycle
from inventory.services.lifecycle import Objection
from inventory.web.forms import EditForm, IdentifierForm, RegisterForm, add_service_errors
from inventory.web.requests import PersonRequest


@requires(Permission.EDIT)
@require_http_methods(["GET", "POST"])
def register(request: PersonRequest) -> HttpResponse:
    """Four fields, a warning about look-alikes while typing, then straight into the questions. `?sighting=`: what was
    seen and is not registered yet, which fills the form in advance and gives it its identifiers and past facts."""
    seen = _seen(request)
    initial = {
        "name": request.GET.get("name", "")[:200],
        "department": request.GET.get("department", ""),
        "owner": request.user,
        **(prefilled(seen) if seen else {}),
    }
    form = RegisterForm(request.POST or None, user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            application = _register(request, seen, form.cleaned_data)
        except ValidationError as problems:
            add_service_errors(form, problems)
        else:
            messages.success(
                request,
                _("%(name)s is registered as %(external_id)s.")
                % {"name": application.name, "external_id": application.external_id},
            )
            return redirect(page_of(application, "risk:questionnaire"))
    found = _look_alikes(request, form["name"].value() or "")
    context = {"form": form, "found": found, "seen": seen, "identifiers": _named(identifiers_of(seen)) if seen else ()}
    return render(request, "inventory/register.html", context)


def _register(request: PersonRequest, seen: Sighting | None, fields: dict[str, Any]) -> AIApplication:
    if seen is None:
        return applications.register_application(actor=request.user, **fields)
    return discovery.register(actor=request.user, sighting=seen, **fields)


def _seen(request: PersonRequest) -> Sighting | None:
    """What the address says was seen."""
    given = request.GET.get("sighting", "").strip()
    if not given:
        return None
    if not given.isdecimal() or len(given) > 15:
        raise Http404("Nothing has this number.")
    return access.sighting_or_404(request.user, int(given))


def _named(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(str(IdentifierKind(kind).label), value) for kind, value in pairs]


@requires(Permission.EDIT)
@require_GET
def similar(request: PersonRequest) -> HttpResponse:
    """The fragment with the look-alikes of what is being typed."""
    found = _look_alikes(request, request.GET.get("name", ""))
    return render(request, "inventory/_similar.html", {"found": found})


@require_http_methods(["GET", "POST"])
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    """What the register states of an application, with the identifiers under which feeds report it."""
    application = access.application_or_404(request.user, pk, Permission.EDIT)
    form = EditForm(
        request.POST or None, user=request.user, application=application, initial=EditForm.initial_of(application)
    )
    if request.method == "POST" and form.is_valid():
        try:
            applications.update_application(actor=request.user, application=application, **form.changes())
        except ValidationError as problems:
            add_service_errors(form, problems)
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": form.cleaned_data["name"]})
            return redirect(page_of(application, "risk:application"))
    return _edit_page(request, application, form, IdentifierForm())


@require_POST
def identifiers(request: PersonRequest, pk: int) -> HttpResponse:
    """Add an identifier, or remove the one that `remove` names."""
    application = access.application_or_404(request.user, pk, Permission.EDIT)
    remove = request.POST.get("remove", "")
    if remove.isdecimal():
        applications.remove_identifier(actor=request.user, application=application, identifier=int(remove))
        return redirect("inventory:application_edit", pk)
    form = IdentifierForm(request.POST)
    if form.is_valid():
        try:
            applications.add_identifier(actor=request.user, application=application, **form.cleaned_data)
        except ValidationError as problems:
            for message in problems.messages:
                form.add_error("value", message)
        else:
            return redirect("inventory:application_edit", pk)
    edit_form = EditForm(user=request.user, application=application, initial=EditForm.initial_of(application))
    return _edit_page(request, application, edit_form, form)


def _edit_page(
    request: PersonRequest, application: AIApplication, form: EditForm, identifier_form: IdentifierForm
) -> HttpResponse:
    context = {
        "application": application,
        "application_url": page_of(application, "risk:application"),
        "form": form,
        "identifier_form": identifier_form,
        "identifiers": application.identifiers.order_by("kind", "folded"),
        "obstacles": obstacles(application),
    }
    return render(request, "inventory/application_edit.html", context)


def obstacles(application: AIApplication, known: Sequence[Objection] | None = None) -> list[tuple[str, str]]:
    """What keeps it from being approved or live, with the page where that is mended. `known`: the objections, where
    the caller has them already."""
    found = lifecycle.objections({application.pk: Lifecycle.LIVE}).get(application.pk, []) if known is None else known
    return [(one.text, reverse(one.route, args=[application.pk, *one.parts])) for one in found]


def _look_alikes(request: PersonRequest, name: str) -> list[tuple[Resembling, str]]:
    return [(found, page_of(found, "risk:application")) for found in resembling(request.user, name)]


def page_of(application: AIApplication | Resembling, route: str) -> str:
    """A page of the storey above by its name; this storey's own where that isn't installed."""
    try:
        return reverse(route, args=[application.pk])
    except NoReverseMatch:
        return reverse("inventory:application_edit", args=[application.pk])
