"""Incidents: recorded by a reviewer, contained, resolved with what was learnt. Each act is one transaction."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import AlertAction, in_english
from inventory.models import AIApplication, Alert, AlertStep, ChangedApplication, User
from risk.choices import IncidentSeverity, IncidentState, Principle, SeriousIncident
from risk.models import Incident, IncidentAlert, IncidentStep

RESCORE = "risk.tasks.rescore_changed"
CHANGEABLE = ("title", "severity", "principles", "since", "aware_on", "serious", "reported_on")
_WEIGHED = ("title", "severity", "principles", "since")  # what a judgement holds of it
_LENGTH = 4000
_TITLE = 300


@transaction.atomic
def record(
    *,
    actor: User | None,
    application: AIApplication,
    title: str,
    severity: str,
    principles: Mapping[str, str],
    since: date,
    aware_on: date | None = None,
    serious: str = "",
    alerts: Iterable[int] = (),
) -> Incident:
    """Record an incident. `principles`: what happened to each that it touches, at least one. Raises PermissionDenied,
    or ValidationError by field."""
    access.require(actor, Permission.REVIEW, application.department)
    given = {
        "title": title.strip(),
        "severity": severity,
        "principles": {key: text.strip() for key, text in principles.items()},
        "since": since,
        "aware_on": aware_on or timezone.localdate(),
        "serious": serious,
    }
    _refuse(_problems(given))
    incident = Incident.objects.create(application=application, recorded_by=actor, **given)
    _note(incident, actor, "Recorded", "recorded")
    if keys := list(alerts):
        link(actor=actor, incident=incident, alerts=keys)
    return incident


@transaction.atomic
def change(*, actor: User | None, incident: Incident, reason: str, **fields: Any) -> Incident:
    """Correct what was recorded (`CHANGEABLE`), with the reason; a resolved incident is opened again first.

    Raises PermissionDenied, or ValidationError by field.
    """
    held = _unresolved(actor, incident)
    before = {name: getattr(held, name) for name in CHANGEABLE}
    given = before | {name: _cleaned(fields[name]) for name in CHANGEABLE if name in fields}
    _refuse(_problems(given) | _problems_of_report(given))
    changes = {name: [before[name], given[name]] for name in CHANGEABLE if before[name] != given[name]}
    if not changes:
        raise ValidationError(_("Nothing to change: it is so already."))
    why = _said(reason, "Say why it is changed.", "reason")
    for name in changes:
        setattr(held, name, given[name])
    held.save(update_fields=list(changes))
    moves = not changes.keys().isdisjoint(_WEIGHED)
    _note(held, actor, "Changed", "changed", why, moves=moves, changes=changes)
    return held


@transaction.atomic
def comment(*, actor: User | None, incident: Incident, text: str) -> None:
    """Write something down about it."""
    access.require(actor, Permission.EDIT, incident.application.department)
    _note(incident, actor, "Commented", "commented", _said(text, "Write the comment."), moves=False)


@transaction.atomic
def move(*, actor: User | None, incident: Incident, state: str, text: str = "") -> Incident:
    """Contain it, resolve it with the lesson learnt (required), or open it again with the reason (required)."""
    held = _held(actor, incident)
    if state not in IncidentState.values or state == held.state:
        raise ValidationError({"state": _("Choose another state.")})
    if state == IncidentState.RESOLVED:
        held.lesson = _said(text, "Say what was learnt: what happened, and what keeps it from happening again.")
        held.resolved_at = timezone.now()
    elif held.state == IncidentState.RESOLVED or state == IncidentState.OPEN:
        _said(text, "Say why it is opened again.")
        held.resolved_at, held.lesson = None, ""
    held.state = state
    held.save(update_fields=["state", "lesson", "resolved_at"])
    _note(held, actor, in_english(IncidentState(state).label), state, text.replace("\x00", "").strip()[:_LENGTH])
    return held


@transaction.atomic
def report(*, actor: User | None, incident: Incident, on: date) -> Incident:
    """Note that the authority was told of a serious incident."""
    held = _held(actor, incident)
    if not held.serious:
        raise ValidationError(_("Only a serious incident is reported."))
    if not held.since <= on <= timezone.localdate():
        raise ValidationError({"on": _("The day of the report lies between the incident and today.")})
    held.reported_on = on
    held.save(update_fields=["reported_on"])
    _note(held, actor, "Reported to the authority", "reported", on.isoformat(), moves=False)
    return held


@transaction.atomic
def link(*, actor: User | None, incident: Incident, alerts: Iterable[int]) -> None:
    """Say that alerts about the same application belong to the incident: from now on it counts in their place."""
    held = _unresolved(actor, incident)
    found = _alerts(actor, held, alerts)
    taken = IncidentAlert.objects.filter(alert__in=found).exclude(incident=held)
    if taken.exists():
        raise ValidationError(_("An alert belongs to one incident at most: unlink it there first."))
    IncidentAlert.objects.bulk_create([IncidentAlert(incident=held, alert=one) for one in found])
    _steps(actor, held, found, AlertAction.LINKED)
    _note(held, actor, f"Linked {len(found)} alerts", "alerts_linked")


@transaction.atomic
def unlink(*, actor: User | None, incident: Incident, alert: int) -> None:
    """Take an alert out of the incident: it counts by itself again."""
    held = _unresolved(actor, incident)
    found = list(Alert.objects.filter(pk=alert, pk__in=held.links.values("alert")))
    if not found:
        raise ValidationError(_("This alert doesn't belong to the incident."))
    held.links.filter(alert__in=found).delete()
    _steps(actor, held, found, AlertAction.UNLINKED)
    _note(held, actor, "Unlinked an alert", "alert_unlinked")


def _problems(given: dict[str, Any]) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not given["title"] or len(given["title"]) > _TITLE:
        problems["title"] = f"Give a title of at most {_TITLE} characters."
    if given["severity"] not in IncidentSeverity.values:
        problems["severity"] = "Choose one of the severities."
    if not given["principles"] or any(key not in Principle.values for key in given["principles"]):
        problems["principles"] = "Choose at least one principle that it touches."
    elif any(not text or len(text) > _LENGTH for text in given["principles"].values()):
        problems["principles"] = "Say of each principle that you choose what happened."
    if given["since"] > timezone.localdate():
        problems["since"] = "It can't begin in the future."
    elif not given["since"] <= given["aware_on"] <= timezone.localdate():
        problems["aware_on"] = "It became known between its beginning and today."
    if given["serious"] and given["serious"] not in SeriousIncident.values:
        problems["serious"] = "Choose what makes it serious."
    return problems


def _problems_of_report(given: dict[str, Any]) -> dict[str, str]:
    told = given["reported_on"]
    if told and not given["serious"]:
        return {"serious": "It was reported as serious: take the day of the report away first."}
    if told and not given["since"] <= told <= timezone.localdate():
        return {"reported_on": "The day of the report lies between the incident and today."}
    return {}


def _refuse(problems: dict[str, str]) -> None:
    if problems:
        raise ValidationError(problems)


def _cleaned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: text.strip() for key, text in value.items()}
    return value.strip() if isinstance(value, str) else value


def _held(actor: User | None, incident: Incident) -> Incident:
    """The incident, locked."""
    access.require(actor, Permission.REVIEW, incident.application.department)
    rows = Incident.objects.select_for_update(of=("self",)).select_related("application__department")
    return rows.get(pk=incident.pk)


def _unresolved(actor: User | None, incident: Incident) -> Incident:
    """The incident, locked; one that is resolved stays as it was closed."""
    held = _held(actor, incident)
    if held.state == IncidentState.RESOLVED:
        raise ValidationError(_("It is resolved: open it again first, with the reason."))
    return held


def _alerts(actor: User | None, incident: Incident, keys: Iterable[int]) -> list[Alert]:
    wanted = set(keys)
    found = list(access.alerts(actor).filter(pk__in=wanted).defer("raw"))
    if not wanted or len(found) != len(wanted):
        raise PermissionDenied("You may not do this with these alerts.")
    if any(one.application_id != incident.application_id for one in found):
        raise ValidationError({"alerts": _("Only alerts about the same application belong to it.")})
    linked = set(incident.links.values_list("alert", flat=True))
    return [one for one in found if one.pk not in linked]


def _steps(actor: User | None, incident: Incident, found: list[Alert], action: AlertAction) -> None:
    AlertStep.objects.bulk_create(
        AlertStep(alert=one, action=action, actor=actor, about=incident.title) for one in found
    )


def _said(text: str, otherwise: str, field: str = "text") -> str:
    said = text.replace("\x00", "").strip()  # PostgreSQL can't hold it
    if not said or len(said) > _LENGTH:
        raise ValidationError({field: otherwise})
    return said


def _note(
    incident: Incident,
    actor: User | None,
    words: str,
    verb: str,
    text: str = "",
    *,
    moves: bool = True,
    changes: Mapping[str, list[Any]] | None = None,
) -> None:
    """The step and the entry in the audit log; where it moves the score, the application is queued. `changes`: what
    each field held before, and holds now."""
    told = "".join(f"\n{_LABELS[name]}: {_shown(old)} → {_shown(new)}" for name, (old, new) in (changes or {}).items())
    IncidentStep.objects.create(incident=incident, actor=actor, action=words, text=text + told)
    details = {"application": incident.application_id, "severity": incident.severity, "state": incident.state}
    audit_log.record(
        actor=actor,
        action=f"incident.{verb}",
        summary=f"{words}: “{incident.title}” ({incident.application})",
        obj=incident,
        department=incident.application.department,
        reason=text,
        details=details | ({"changes": _plain(changes)} if changes else {}),
    )
    if moves:
        ChangedApplication.objects.mark({incident.application_id})
        doorbell.ring(RESCORE)


_LABELS = {
    "title": "Title",
    "severity": "Severity",
    "principles": "What happened",
    "since": "Since",
    "aware_on": "Known since",
    "serious": "Serious",
    "reported_on": "Reported",
}


def _shown(value: Any) -> str:
    """A value in words, as it is kept."""
    if isinstance(value, Mapping):
        return "; ".join(f"{in_english(Principle(key).label)}: {text}" for key, text in value.items())
    if isinstance(value, date):
        return value.isoformat()
    known = [*IncidentSeverity.choices, *SeriousIncident.choices]
    return next((in_english(label) for key, label in known if key == value), str(value or "no"))


def _plain(changes: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: [one.isoformat() if isinstance(one, date) else one for one in both] for name, both in changes.items()}
