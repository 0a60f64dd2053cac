"""The dictionary: what labels and information types are called, and how sensitive the data is that carries them."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from inventory.access import Permission, requires
from inventory.choices import DataLevel
from inventory.models import InformationType, SensitivityLabel
from inventory.selectors import dictionary
from inventory.services.dictionary import MODELS, state_level
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest

administers = requires(Permission.ADMIN, everywhere=True)


@administers
@require_GET
def dictionary_page(request: PersonRequest) -> HttpResponse:
    """Labels by rank, information types by name."""
    filters = Filters.from_request(request)
    context = {
        "filters": filters,
        "labels": dictionary.labels() if filters.page == 1 and not filters.q else [],
        "page": dictionary.types(filters.q, filters.page),
        "levels": [("", "As its name suggests"), *DataLevel.choices],
        "narrowed": bool(filters.q),
    }
    return render(request, "inventory/dictionary.html", context)


@administers
@require_POST
def dictionary_level(request: PersonRequest, what: str) -> HttpResponse:
    """State how sensitive the data is that carries a label or an information type."""
    if what not in MODELS:
        raise Http404
    try:
        entry = state_level(
            actor=request.user, what=what, key=request.POST.get("key", ""), level=request.POST.get("level", "")
        )
    except (SensitivityLabel.DoesNotExist, InformationType.DoesNotExist):
        raise Http404("No such entry.") from None
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    else:
        messages.success(request, f"{entry.name}: {(entry.get_level_display() or 'level not known').lower()}.")
    return redirect("inventory:dictionary")
