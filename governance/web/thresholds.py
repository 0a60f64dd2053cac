"""Settings: the thresholds of the rules of recommendations."""

import math

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance.selectors.recommendations import changed_thresholds
from governance.selectors.rules import RULES
from governance.selectors.rules.base import Rule
from governance.services import recommendations
from inventory.access import Permission, requires
from inventory.web.requests import PersonRequest


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ADMIN, everywhere=True)
def threshold_page(request: PersonRequest) -> HttpResponse:
    """Every rule with its thresholds; a POST changes those of one."""
    problems: dict[str, list[str]] = {}
    rule = RULES.get(request.POST.get("rule", ""))
    if request.method == "POST" and rule:
        try:
            given = _given(request, rule)
            changed = recommendations.change_thresholds(actor=request.user, rule=rule.key, values=given)
        except ValidationError as problem:
            problems = problem.message_dict
        else:
            said = _("Nothing changed.")
            if changed:
                said = _("%(rule)s: changed. A worker evaluates it anew.") % {"rule": rule.title}
            messages.success(request, said)
            return redirect(f"{reverse('governance:thresholds')}#{rule.key}")
    now = changed_thresholds()
    shown = [
        (
            one,
            one.in_words(now),
            [
                {
                    "of": each,
                    "value": request.POST.get(each.name, "") if problems and one is rule else f"{value:g}",
                    "changed": (one.key, each.name) in now,
                    "problems": problems.get(each.name, ()) if one is rule else (),
                }
                for each, value in zip(one.thresholds, one.values(now).values(), strict=True)
            ],
        )
        for one in RULES.values()
    ]
    return render(request, "governance/thresholds.html", {"shown": shown}, status=400 if problems else 200)


def _given(request: PersonRequest, rule: Rule) -> dict[str, float]:
    """The numbers of the form. Raises ValidationError by threshold where one can't be read."""
    values, problems = {}, {}
    for one in rule.thresholds:
        try:
            values[one.name] = float(request.POST.get(one.name, ""))
        except ValueError:
            values[one.name] = math.nan
        if not math.isfinite(values[one.name]):
            problems[one.name] = recommendations.out_of_bounds(one)
    if problems:
        raise ValidationError(problems)
    return values
