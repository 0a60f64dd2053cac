"""The search over everything: the list under the box as one types, and the page with more of each kind."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from governance.selectors import search
from governance.selectors.search import Group, Hit
from inventory.access import Permission, requires
from inventory.selectors.asked import Reader
from inventory.web.requests import PersonRequest

# kind → what it is called, its icon, the list that can be searched further
KINDS = {
    "applications": ("AI applications", "apps", "risk:applications"),
    "departments": (gettext_lazy("Departments"), "sitemap", "governance:departments"),
    "people": (gettext_lazy("People"), "user", ""),
    "alerts": (gettext_lazy("Alerts"), "bell", "risk:alerts"),
    "requirements": (gettext_lazy("Requirements"), "scale", ""),
    "controls": (gettext_lazy("Controls"), "shield-check", ""),
}


@dataclass(frozen=True)
class Shown:
    """A group with its words and addresses. `all_url`: the whole list, where there is one."""

    group: Group
    called: str
    icon: str
    hits: list[tuple[Hit, str]]
    all_url: str


@require_safe
@requires(Permission.VIEW)
def search_page(request: PersonRequest) -> HttpResponse:
    """Everything found, grouped."""
    return _answer(request, "governance/search.html", search.ON_A_PAGE)


@require_safe
@requires(Permission.VIEW)
def search_box(request: PersonRequest) -> HttpResponse:
    """The first of each kind, under the box."""
    return _answer(request, "governance/_search_box.html", search.IN_A_BOX)


def _answer(request: PersonRequest, template: str, most: int) -> HttpResponse:
    text = Reader(request.GET).text("q")
    found = [_shown(group, text) for group in search.search(request.user, text, most)]
    context = {
        "text": text,
        "found": found,
        "number": sum(len(one.hits) for one in found),
        "too_short": len(text) < search.SHORTEST,
        "shortest": search.SHORTEST,
        "page_url": f"{reverse('governance:search')}?{urlencode({'q': text})}",
    }
    return render(request, template, context)


def _shown(group: Group, text: str) -> Shown:
    called, icon, route = KINDS[group.kind]
    url = f"{reverse(route)}?{urlencode({'q': text})}" if route and group.more else ""
    return Shown(group, str(called), icon, [(hit, _address(group.kind, hit)) for hit in group.hits], url)


def _address(kind: str, hit: Hit) -> str:
    if kind == "applications":
        return reverse("risk:application", args=hit.key)
    if kind == "departments":
        return reverse("governance:department", args=hit.key)
    if kind == "alerts":
        return reverse("risk:alert", args=hit.key)
    if kind == "requirements":
        framework, requirement = hit.key
        asked = urlencode({"requirement": requirement, "state": "all"})
        return f"{reverse('governance:framework', args=[framework])}?{asked}#pairs"
    if kind == "controls":
        return f"{reverse('risk:evidence')}?{urlencode({'q': hit.key[0]})}"
    pk, name = hit.key
    if pk:
        return reverse("inventory:person", args=[pk])
    return f"{reverse('risk:applications')}?{urlencode({'owner': name})}"
