"""The feeds as sources: making one, what is expected of it, its keys, and how it is."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inventory.access import Permission, requires
from inventory.connectors.registry import CONNECTORS
from inventory.models import Feed
from inventory.selectors import batches, feed_health
from inventory.services import feeds
from inventory.web.forms import add_service_errors
from inventory.web.requests import PersonRequest

keeps_feeds = requires(Permission.FEEDS, everywhere=True)
administers = requires(Permission.ADMIN, everywhere=True)
_EXPECTED = (
    ("", "Whenever it likes"),
    ("1", "Every hour"),
    ("24", "Every day"),
    ("168", "Every week"),
    ("744", "Every month"),
)
_GRACES = {0: "At once", 1: "After an hour", 24: "After a day", 168: "After a week"}


class FeedForm(forms.Form):
    """What is expected of a feed."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("Description"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What sends it, and whom to ask when it stops."),
    )
    kind = forms.ChoiceField(label=_("Content"), required=False)
    expected_hours = forms.ChoiceField(
        label=_("Expected"), required=False, help_text=_("When nothing came for so long, the feed is shown as late.")
    )
    networks = forms.CharField(
        label=_("Addresses that may call"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Addresses or networks such as 10.1.0.0/16, one a line. Empty: any."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(kind, connector.title) for kind, connector in CONNECTORS.items()]
        self._choices("kind", [("", "Any kind, told by its content"), *kinds])
        hours = str(self.initial.get("expected_hours") or "")
        own = [] if hours in dict(_EXPECTED) else [(hours, f"Every {hours} hours")]
        self._choices("expected_hours", [*_EXPECTED, *own])

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_expected_hours(self) -> int | None:
        hours = self.cleaned_data["expected_hours"]
        return int(hours) if hours else None

    def clean_networks(self) -> list[str]:
        return [text for text in re.split(r"[\s,;]+", self.cleaned_data["networks"]) if text]


class NewFeedForm(FeedForm):
    """The same with the name in the address, which stays."""

    slug = forms.CharField(
        label=_("Name in the address"),
        max_length=60,
        help_text=_("Small letters, digits and hyphens, such as purview-audit. It can't be changed later."),
    )
    field_order = ("name", "slug", "description", "kind", "expected_hours", "networks")


class RotateForm(forms.Form):
    """When the keys before end."""

    grace = forms.TypedChoiceField(
        label=_("The keys in use end"), coerce=int, choices=list(_GRACES.items()), initial=24, required=True
    )


@administers
@require_http_methods(["GET", "POST"])
def add(request: PersonRequest) -> HttpResponse:
    """A new feed; its keys are shown on this answer and never again."""
    form = NewFeedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            feed, given = feeds.create_feed(actor=request.user, **form.cleaned_data)
        except ValidationError as problems:
            add_service_errors(form, problems)
        else:
            return _page(request, feed, given=given)
    return render(request, "inventory/feed_add.html", {"form": form})


@keeps_feeds
@require_GET
def source(request: PersonRequest, slug: str) -> HttpResponse:
    """One feed: how it is, how to send to it, and what it brought."""
    return _page(request, _feed(slug))


@administers
@require_POST
def change(request: PersonRequest, slug: str) -> HttpResponse:
    """Change what is expected of it."""
    feed = _feed(slug)
    form = FeedForm(request.POST, initial=_initial(feed))
    if form.is_valid():
        try:
            feeds.change_feed(actor=request.user, feed=feed, **form.cleaned_data)
        except ValidationError as problems:
            add_service_errors(form, problems)
        else:
            messages.success(request, gettext("Saved."))
            return redirect("inventory:feed", slug)
    return _page(request, feed, form=form, status=400)


@administers
@require_POST
@sensitive_post_parameters()
def rotate(request: PersonRequest, slug: str) -> HttpResponse:
    """New keys, shown on this answer and never again."""
    feed, form = _feed(slug), RotateForm(request.POST)
    if not form.is_valid():
        return _page(request, feed, rotation=form, status=400)
    return _page(request, feed, given=feeds.rotate(actor=request.user, feed=feed, grace=form.cleaned_data["grace"]))


@administers
@require_POST
def switch(request: PersonRequest, slug: str) -> HttpResponse:
    """Let it deliver, or no longer."""
    feed = _feed(slug)
    feeds.switch(actor=request.user, feed=feed, active=request.POST.get("active") == "1")
    messages.success(
        request, gettext("The feed is switched on.") if feed.active else gettext("The feed is switched off.")
    )
    return redirect("inventory:feed", slug)


def _feed(slug: str) -> Feed:
    return get_object_or_404(Feed, slug=slug)


def _initial(feed: Feed) -> dict[str, Any]:
    return {
        "name": feed.name,
        "description": feed.description,
        "kind": feed.kind,
        "expected_hours": feed.expected_hours or "",
        "networks": "\n".join(feed.networks),
    }


def _page(
    request: PersonRequest,
    feed: Feed,
    *,
    form: FeedForm | None = None,
    rotation: RotateForm | None = None,
    given: feeds.Credentials | None = None,
    status: int = 200,
) -> HttpResponse:
    health = feed_health.of(feed)
    context = {
        "feed": health.feed,
        "health": health,
        "keys": feed.keys.all(),
        "files": batches.of_feed(feed),
        "form": form or FeedForm(initial=_initial(health.feed)),
        "rotation": rotation or RotateForm(),
        "given": given,
        "address": settings.HUB_URL + reverse("api-feed", args=[feed.slug]),
        "drop_folder": settings.DROP_FOLDER,
        "files_url": f"{reverse('inventory:feeds')}?feed={feed.slug}#files",
    }
    return render(request, "inventory/feed.html", context, status=status)
