"""Discovery: what is seen and not registered, what is registered and never seen, and what people decide about it.

What is used beyond its approval stands beside it, in the storey that knows the answers (`risk.web.beyond`).
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Page
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from inventory import access
from inventory.access import Permission, requires
from inventory.catalogue import Category, catalogue
from inventory.choices import ApplicationKind, RulingKind
from inventory.models import AIApplication, Sighting, User
from inventory.selectors import chosen
from inventory.selectors.discovery import never, seen, seen_then
from inventory.selectors.discovery.decided_then import decided_by
from inventory.selectors.discovery.rulings import GROWTH, in_force
from inventory.selectors.register import resembling
from inventory.selectors.scope import options, scope_of
from inventory.services import discovery as service
from inventory.web.as_of import asked_day
from inventory.web.filters import Filters, Words
from inventory.web.requests import PersonRequest

OF_THEN = _(
    "What had been used by the end of this day and was neither registered, linked nor ruled out then. What is only"
    " listed or reported, and what is alike in the register, is known of today alone. Names, ways of use and"
    " departments are today’s, and so are the rights to see them; a name opens as it is today."
)
_MOST_DIGITS = 15
# What sums of use are kept for (inventory.selectors.kept)
_FOLLOW = _("Sums of use on other pages follow within five minutes.")
_ONLY = {"sensitive": {"yes": _("With sensitive data")}, "used": {"yes": _("In the period")}}


@requires(Permission.VIEW)
@require_GET
def sightings(request: PersonRequest) -> HttpResponse:
    """AI seen and not registered, by the use that the person may see."""
    seen_as = {str(value.value): label for value, label in seen.SEEN_AS.items()}
    own: dict[str, Words] = {"seen_as": seen_as, "standing": seen.STANDINGS, **_ONLY}
    filters, at = asked_day(request, Filters.from_request(request, sorts=seen.SORTS, own=own))
    chosen = {name: ",".join(filters.own.get(name, ())) for name in own}
    standing = next(iter(filters.own.get("standing", ())), "")
    looked = seen.Looked(request.user, filters.department, filters.period, at.day)
    page, people = (_page_then if at.past else _page_now)(looked, filters, standing)
    context = {
        "filters": filters,
        "at": at,
        "of_then": OF_THEN,
        "page": page,
        "departments": options(scope_of(request.user, filters.department)),
        "operations": seen_as.items(),
        "standings": seen.STANDINGS.items(),
        "chosen": chosen,
        "standing": standing,
        "narrowed": filters.narrowed,
        "may_register": not at.past and access.may(request.user, Permission.EDIT),
        "may_decide": not standing and any(one.may_decide for one in page.object_list),
        "sees_all": access.sees_everything(request.user),
        "by_all_use": not at.past and seen.by_all_use(looked, page.paginator.count),
        "people": people,
        "may_load": access.sees_everything(request.user, Permission.FEEDS),
        "may_administer": access.sees_everything(request.user, Permission.ADMIN),
        "acts": [("rule_out", gettext("Rule out, with the reason"))],
        "query": request.GET.urlencode(),
    }
    return render(request, "inventory/sightings.html", context)


def _page_now(looked: seen.Looked, filters: Filters, standing: str) -> tuple[Page, int | None]:
    """The page, and how many people that is: of what is used, because a tile says so of that; what is decided counts
    elsewhere, or not at all."""
    found = seen.seen_not_registered(
        looked,
        standing=standing,
        operations=[int(one) for one in filters.own.get("seen_as", ())],
        sensitive="sensitive" in filters.own,
        only_used="used" in filters.own,
        q=filters.q,
    )
    people = seen.people(looked, found) if "used" in filters.own and not standing else None
    return seen.seen_page(looked, found, filters.sort, filters.page), people


def _page_then(looked: seen.Looked, filters: Filters, standing: str) -> tuple[Page, None]:
    """Of a past day everything listed was used."""
    decided = decided_by(looked.today)
    found = seen_then.seen_then(
        looked,
        decided,
        standing=standing,
        operations=[int(one) for one in filters.own.get("seen_as", ())],
        sensitive="sensitive" in filters.own,
        q=filters.q,
    )
    return seen_then.page_then(looked, decided, found, filters.sort, filters.page), None


@requires(Permission.VIEW)
@require_GET
def sighting(request: PersonRequest, pk: int) -> HttpResponse:
    """One app, agent or model that was seen, and what can be decided about it."""
    return _page(request, access.sighting_or_404(request.user, pk))


def _page(request: PersonRequest, found: Sighting, problems: Any = (), status: int = 200) -> HttpResponse:
    filters = Filters.from_request(request)
    row = seen.rows_of(seen.Looked(request.user, None, filters.period), [found])[0]
    standing = row.ruling is not None and in_force().filter(pk=row.ruling.pk).exists()
    linked = standing and row.ruling is not None and row.ruling.kind == RulingKind.LINKED
    context = {
        "filters": filters,
        "app": row,
        "holds": standing,
        "linked": linked,
        "ruled_out": standing and not linked,
        "holder": access.applications(request.user).filter(rulings__folded=found.folded).first() if linked else None,
        "may_register": not standing and access.may(request.user, Permission.EDIT),
        "may_decide": row.may_decide and not standing,
        "takes_a_reviewer": not row.may_decide and not standing,
        "twins": _twins(request, row) if row.may_decide and not standing else [],
        "may_take_back": standing and _may_take_back(request.user, row),
        "growth": GROWTH,
        "problems": problems,
        "given": request.POST,
    }
    return render(request, "inventory/sighting.html", context, status=status)


def _twins(request: PersonRequest, row: seen.SeenRow) -> list[tuple[str, str]]:
    """What it may be linked to, by external id and name: its likely twins, and what is called as was given in vain."""
    meant = resembling(request.user, request.POST.get("application", ""), permission=Permission.REVIEW)
    alike = [(one.external_id, one.name) for one in row.twins]
    return list(dict.fromkeys([*((one.external_id, one.name) for one in meant), *alike]))


@requires(Permission.REVIEW)
@require_GET
def link_options(request: PersonRequest) -> HttpResponse:
    """The fragment with the applications that are called as is being typed."""
    found = resembling(request.user, request.GET.get("application", ""), permission=Permission.REVIEW)
    return render(request, "inventory/_link_options.html", {"found": found})


def _may_take_back(user: User, row: seen.SeenRow) -> bool:
    if row.ruling is not None and row.ruling.application is not None:
        return access.may(user, Permission.REVIEW, row.ruling.application.department)
    return row.may_decide


class _RuleOutForm(forms.Form):
    """The reason, and perhaps a last day."""

    reason = forms.CharField(required=False, label=_("Reason"))
    until = forms.DateField(required=False, label=_("Until"))


@requires(Permission.REVIEW)
@require_POST
def act(request: PersonRequest) -> HttpResponse:
    """Decide about one or several; then back to where it was done."""
    keys = [_key(text) for text in request.POST.getlist("sighting")]
    single = request.POST.get("page") == "sighting" and len(keys) == 1
    try:
        messages.success(request, _act(request.user, keys, request.POST))
    except ValidationError as problem:
        if single:
            return _page(request, access.sighting_or_404(request.user, keys[0]), problem.messages, status=400)
        messages.error(request, " ".join(problem.messages))
    if single:
        return redirect("inventory:sighting", keys[0])
    query = QueryDict(request.POST.get("query", "")).urlencode()
    return redirect(reverse("inventory:sightings") + (f"?{query}" if query else ""))


def _act(user: User, keys: list[int], given: QueryDict) -> str:
    """Do it; what to say about it."""
    action = given.get("action", "")
    if action == "rule_out":
        form = _RuleOutForm(given)
        if not form.is_valid():
            raise ValidationError([message for found in form.errors.values() for message in found])
        count = service.rule_out(actor=user, sightings=keys, **form.cleaned_data)
        said = ngettext("Ruled out: %(count)s name seen.", "Ruled out: %(count)s names seen.", count)
        return f"{said % {'count': count}} {_FOLLOW}"
    if len(keys) != 1:
        raise ValidationError(gettext("Choose what to do, with one name at a time."))
    found = access.sighting_or_404(user, keys[0])
    if action == "link":
        application = _application(user, given)
        service.link(actor=user, sighting=found, application=application, reason=given.get("reason", ""))
        said = gettext("%(name)s is linked to %(application)s; its facts count there.")
        return f"{said % {'name': found.name, 'application': application.name}} {_FOLLOW}"
    if action == "take_back":
        service.take_back(actor=user, sighting=found, reason=given.get("reason", ""))
        return f"{gettext('%(name)s is seen and not registered again.') % {'name': found.name}} {_FOLLOW}"
    raise ValidationError(gettext("Choose what to do."))


def _application(user: User, given: QueryDict) -> AIApplication:
    """The application that is chosen among the twins, or else meant by its external id or its whole name."""
    text = (given.get("twin", "").strip() or given.get("application", "").strip()).replace("\x00", "")
    if not text:
        raise ValidationError(gettext("Choose the application, or give its name or id."))
    visible = access.applications(user)
    found = visible.filter(external_id=text).first()
    called = [found] if found else list(visible.filter(name__iexact=text)[:2])
    if len(called) > 1:
        raise ValidationError(gettext("Several applications have this name. Choose one of them."))
    if not called:
        raise ValidationError(
            gettext(
                "No application that you see has this name or id. Choose one that is called alike, or give its id as it"
                " stands on its page, like AI-00042."
            )
        )
    return called[0]


def _key(text: str) -> int:
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise Http404(gettext("Nothing has this number."))
    return int(text)


@requires(Permission.VIEW)
@require_GET
def never_seen(request: PersonRequest) -> HttpResponse:
    """Live applications of which no feed has told for a time."""
    day_choices = {str(one): gettext("Not for %(days)s days") % {"days": one} for one in never.DAYS}
    own: dict[str, Words] = {"days": day_choices, "identified": never.WITHOUT}
    filters = Filters.from_request(request, own=own)
    days = int(next(iter(filters.own.get("days", ())), "90"))
    identified = next(iter(filters.own.get("identified", ())), "")
    found = never.registered_never_seen(
        request.user,
        department=filters.department,
        days=days,
        identified={"yes": True, "no": False}.get(identified),
        q=filters.q,
        left=chosen.left(request.user, filters),
    )
    context = {
        "filters": filters,
        "kinds": ApplicationKind.choices,
        "page": never.never_page(found, filters.page),
        "departments": options(scope_of(request.user, filters.department)),
        "days": days,
        "filters_days": str(days),
        "day_choices": day_choices.items(),
        "identified": identified,
        "identified_choices": never.WITHOUT.items(),
        "narrowed": filters.narrowed,
    }
    return render(request, "inventory/never_seen.html", context)


@requires(Permission.ADMIN, everywhere=True)
@require_GET
def known_apps(request: PersonRequest) -> HttpResponse:
    """The catalogue of known generative AI that ships with the product."""
    apps = sorted(catalogue().apps, key=lambda app: app.name.casefold())
    groups = [(category.label, [app for app in apps if app.category == category]) for category in Category]
    return render(request, "inventory/catalogue.html", {"groups": groups, "count": len(apps)})
