"""Where on the pages of an application a thing is answered, stated or shown."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.http import urlencode

from risk.method import load_method
from risk.scoring.compare import CauseKind
from risk.scoring.questionnaire import step_of
from risk.scoring.unknowns import TELEMETRY
from risk.scoring.vocabulary import EU_CLASS_FACTOR, Kind
from risk.selectors.causes import Change

_OPERATION = {Kind.EVENT, Kind.RATE, Kind.DRIFT, CauseKind.FADING, CauseKind.ALERT, CauseKind.USAGE, CauseKind.METRICS}


def address_of(application: int, kind: str, key: str) -> str:
    """The page behind a part of a score or a change of it; empty where there is none."""
    method = load_method()
    if key in method.controls:
        family = method.controls[key].family
        return f"{reverse('risk:controls', args=[application])}?{urlencode({'family': family})}#{key}"
    if kind in (Kind.EVENT, CauseKind.ALERT) and (page := _event_page(key)):
        return page
    if kind in _OPERATION or key == TELEMETRY[1]:
        return reverse("risk:activity", args=[application])
    if key == EU_CLASS_FACTOR:
        return reverse("risk:classification", args=[application])
    if step := step_of(key, method):
        return f"{reverse('risk:questionnaire', args=[application])}?{urlencode({'step': step})}#{key}"
    if key in method.facts or key in method.questions:
        return reverse("risk:organisation_facts")
    return ""


def _event_page(ref: str) -> str:
    """The page of an alert ("12") or an incident ("incident-3") that pressed on a score."""
    kind, _, number = ref.rpartition("-")
    route = {"": "risk:alert", "incident": "risk:incident"}.get(kind)
    return reverse(route, args=[int(number)]) if route and number.isdecimal() else ""


def addressed(application: int, found: Sequence[Change]) -> list[tuple[Change, str]]:
    """Each change with the page behind it."""
    return [(one, address_of(application, one.kind, one.key)) for one in found]
