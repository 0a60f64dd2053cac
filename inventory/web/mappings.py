"""A table with a header that nobody knows: which column is what, with its first rows beside."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from inventory.access import Permission, requires
from inventory.choices import BatchState, MappedKind
from inventory.connectors.mapped import Layout
from inventory.connectors.mapped_fields import FIELDS, guess
from inventory.models import ImportBatch, MappingProfile
from inventory.services.imports import mappings
from inventory.web.forms import add_service_errors
from inventory.web.requests import PersonRequest

keeps_feeds = requires(Permission.FEEDS, everywhere=True)
_CONSTANT = "_is"


class MappingForm(forms.Form):
    """The columns of one header for one kind of rows: a list for each field, and a text where all rows may agree."""

    profile = forms.SlugField(
        label=_("Name of the mapping"), max_length=30, help_text=_("Small letters, digits and -, such as gateway-log.")
    )
    day_first = forms.BooleanField(
        label=_("Dates name the day first"), required=False, help_text=_("3/4/2026 is the third of April.")
    )
    zone = forms.CharField(
        label=_("Time zone"),
        max_length=60,
        initial="UTC",
        help_text=_("Of times that name none, such as Europe/Berlin."),
    )

    def __init__(self, *args: Any, kind: str, layout: Layout, **options: Any) -> None:
        super().__init__(*args, **options)
        self._kind = kind
        guessed = guess(kind, layout.columns)
        choices = [("", "Not in this file"), *((str(at), name) for at, name in enumerate(layout.columns))]
        of_rows: dict[str, forms.Field] = {}
        for one in FIELDS[kind]:
            needed = " *" if one.required else ""
            of_rows[one.key] = forms.ChoiceField(
                label=one.title + needed, choices=choices, required=False, initial=guessed.get(one.key, "")
            )
            if one.constant:
                of_rows[one.key + _CONSTANT] = forms.CharField(
                    label=gettext("%(field)s, the same in all rows") % {"field": one.title},
                    required=False,
                    max_length=300,
                )
        self.fields = {**of_rows, **self.fields}

    def told(self) -> mappings.Told:
        """What the person said."""
        given = self.cleaned_data
        keys = [one.key for one in FIELDS[self._kind]]
        return mappings.Told(
            name=given["profile"].lower(),
            kind=self._kind,
            fields={key: int(given[key]) for key in keys if given.get(key)},
            constants={key: given[key + _CONSTANT] for key in keys if given.get(key + _CONSTANT)},
            day_first=given["day_first"],
            zone=given["zone"],
        )


@keeps_feeds
@require_http_methods(["GET", "POST"])
def mapping(request: PersonRequest, pk: int) -> HttpResponse:
    """Say which column is what; afterwards the file, and each later one with its header, is read."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    if batch.state != BatchState.UNMAPPED:
        return redirect("inventory:batch", pk)
    layout = mappings.layout(batch)
    if layout is None:
        raise Http404("The file is gone.")
    kind = request.GET.get("kind", "")
    kind = kind if kind in MappedKind.values else MappedKind.INTERACTIONS.value
    form = MappingForm(request.POST or None, kind=kind, layout=layout)
    if request.method == "POST" and form.is_valid():
        try:
            profile = mappings.save(actor=request.user, batch=batch, told=form.told())
        except ValidationError as problems:
            add_service_errors(form, problems)
        else:
            messages.success(
                request,
                gettext("The mapping %(name)s is saved, and %(file_name)s will be read by it.")
                % {"name": profile.name, "file_name": batch.file_name},
            )
            return redirect("inventory:batch", pk)
    context = {"batch": batch, "layout": layout, "form": form, "kind": kind, "kinds": MappedKind.choices}
    return render(request, "inventory/mapping.html", context)


@keeps_feeds
@require_POST
def discard(request: PersonRequest, pk: int) -> HttpResponse:
    """Give the file up."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    mappings.discard(actor=request.user, batch=batch)
    messages.success(request, gettext("%(file_name)s is discarded.") % {"file_name": batch.file_name})
    return redirect("inventory:feeds")


@keeps_feeds
@require_POST
def forget(request: PersonRequest, pk: int) -> HttpResponse:
    """Forget a saved mapping."""
    profile = get_object_or_404(MappingProfile, pk=pk)
    mappings.forget(actor=request.user, profile=profile)
    messages.success(
        request, gettext("The mapping %(name)s is forgotten. What was read by it stays.") % {"name": profile.name}
    )
    return redirect("inventory:feeds")
