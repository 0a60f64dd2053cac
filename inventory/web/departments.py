"""The department tree, for who administers the organisation: add, change, move, place what a feed named."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from inventory.access import Permission, requires
from inventory.models import Department
from inventory.selectors import organisation
from inventory.services import departments
from inventory.web.filters import Filters
from inventory.web.forms import DepartmentForm, add_service_errors
from inventory.web.requests import PersonRequest


@requires(Permission.ADMIN, everywhere=True)
@require_GET
def tree(request: PersonRequest) -> HttpResponse:
    """The whole tree, with what each department answers for."""
    filters = Filters.from_request(request)
    context = {
        "filters": filters,
        "page": organisation.tree(filters.q, filters.page),
        "unplaced": organisation.unplaced(),
    }
    return render(request, "inventory/departments.html", context)


@requires(Permission.ADMIN, everywhere=True)
@require_http_methods(["GET", "POST"])
def add(request: PersonRequest) -> HttpResponse:
    """A new department, below the organisation unless said otherwise."""
    parent = request.GET.get("parent") or Department.objects.root().key
    form = DepartmentForm(request.POST or None, user=request.user, initial={"parent": parent})
    if request.method == "POST" and form.is_valid():
        try:
            department = departments.add_department(actor=request.user, **form.cleaned_data)
        except ValidationError as problems:
            add_service_errors(form, problems)
        else:
            messages.success(request, _("%(name)s is added.") % {"name": department.name})
            return redirect("inventory:department_admin")
    return render(request, "inventory/department_form.html", {"form": form})


@requires(Permission.ADMIN, everywhere=True)
@require_http_methods(["GET", "POST"])
def edit(request: PersonRequest, key: str) -> HttpResponse:
    """Change or move a department. Saving one that a feed named confirms its place."""
    department = get_object_or_404(Department.objects.select_related("parent", "head"), key=key)
    form = DepartmentForm(
        request.POST or None,
        user=request.user,
        department=department,
        initial=DepartmentForm.initial_of(department),
    )
    if request.method == "POST" and form.is_valid():
        try:
            changed = departments.update_department(actor=request.user, department=department, **form.cleaned_data)
        except ValidationError as problems:
            add_service_errors(form, problems)
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": changed.name})
            return redirect("inventory:department_admin")
    return render(request, "inventory/department_form.html", {"form": form, "department": department})
