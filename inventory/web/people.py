"""People and their roles, for who administers the organisation."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inventory.access import Permission, requires
from inventory.choices import RoleKind
from inventory.models import User
from inventory.selectors import organisation
from inventory.services import people
from inventory.web.filters import Filters
from inventory.web.forms import PersonForm, RoleForm, add_service_errors
from inventory.web.requests import PersonRequest

administers = requires(Permission.ADMIN, everywhere=True)


@administers
@require_GET
def people_list(request: PersonRequest) -> HttpResponse:
    """Everybody, with their roles; `q` searches, `role` keeps those who hold one."""
    filters = Filters.from_request(request, own={"role": dict(RoleKind.choices)})
    roles = filters.own.get("role", ())
    context = {
        "page": organisation.people(filters.q, filters.page, roles),
        "filters": filters,
        "role": ",".join(roles),
        "roles": RoleKind.choices,
    }
    return render(request, "inventory/people.html", context)


@administers
@require_http_methods(["GET", "POST"])
def add(request: PersonRequest) -> HttpResponse:
    """A new person; roles and the sign-in link come on the next page."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = people.add_person(actor=request.user, **form.cleaned_data)
        except ValidationError as problems:
            add_service_errors(form, problems)
        else:
            messages.success(request, _("%(user)s is added. Give them a role and a sign-in link.") % {"user": user})
            return redirect("inventory:person", user.pk)
    return render(request, "inventory/person_form.html", {"form": form})


@administers
@require_http_methods(["GET", "POST"])
def person(request: PersonRequest, pk: int) -> HttpResponse:
    """One person: how they are called, what they may do where, and whether they may sign in."""
    user = get_object_or_404(User, pk=pk)
    initial = {"display_name": user.display_name, "email": user.email}
    form = PersonForm(request.POST or None, known=True, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            people.update_person(actor=request.user, user=user, **form.cleaned_data)
        except ValidationError as problems:
            add_service_errors(form, problems)
        else:
            messages.success(request, _("Saved."))
            return redirect("inventory:person", pk)
    return _page(request, user, form=form)


@administers
@require_POST
def give_role(request: PersonRequest, pk: int) -> HttpResponse:
    """Give a role in a department."""
    user = get_object_or_404(User, pk=pk)
    form = RoleForm(request.POST, user=request.user)
    if not form.is_valid():
        return _page(request, user, role_form=form)
    people.give_role(actor=request.user, user=user, **form.cleaned_data)
    return redirect("inventory:person", pk)


@administers
@require_POST
def revoke_role(request: PersonRequest, pk: int, role: int) -> HttpResponse:
    """Take one of the person's roles away."""
    user = get_object_or_404(User, pk=pk)
    found = user.roles.select_related("department", "user").filter(pk=role).first()
    if found:
        try:
            people.revoke_role(actor=request.user, role=found)
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
    return redirect("inventory:person", pk)


@administers
@require_POST
def set_active(request: PersonRequest, pk: int) -> HttpResponse:
    """Let the person in (`active=1`) or keep them out."""
    user = get_object_or_404(User, pk=pk)
    try:
        people.set_active(actor=request.user, user=user, active=request.POST.get("active") == "1")
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    return redirect("inventory:person", pk)


@administers
@require_POST
def issue_link(request: PersonRequest, pk: int) -> HttpResponse:
    """A one-time sign-in link, shown on this answer and never again."""
    user = get_object_or_404(User, pk=pk)
    try:
        link = people.sign_in_link(user, actor=request.user)
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
        return redirect("inventory:person", pk)
    return _page(request, user, link=link)


def _page(
    request: PersonRequest,
    user: User,
    *,
    form: PersonForm | None = None,
    role_form: RoleForm | None = None,
    link: str = "",
) -> HttpResponse:
    context = {
        "person": user,
        "form": form or PersonForm(known=True, initial={"display_name": user.display_name, "email": user.email}),
        "role_form": role_form or RoleForm(user=request.user),
        "held": user.roles.select_related("department").order_by("department__name", "kind"),
        "owns": user.owns.count(),
        "link": link,
    }
    return render(request, "inventory/person.html", context)
