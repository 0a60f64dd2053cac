"""What people do about alerts, one or many at once: each act is one transaction with its steps and its audit entry.

Working on an alert needs the right to edit the application it is about; what moves a score (closing it, opening it
again, tying it to another application) needs the right to review. An act on several either is allowed for each of them
or does nothing; those on which it would change nothing are left out and counted (docs/decisions/0024).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import AlertAction, AlertState, in_english
from inventory.models import AIApplication, Alert, AlertStep, ChangedApplication, User
from inventory.services.imports.encryption import decrypt

RESCORE = "risk.tasks.rescore_changed"
MOST = 200  # alerts at once
_LENGTH = 4000  # characters of what a person writes


@dataclass(frozen=True, slots=True)
class Done:
    """How many alerts an act changed, and on how many it would have changed nothing."""

    changed: int
    left: int


@transaction.atomic
def assign(*, actor: User | None, alerts: Iterable[int], assignee: User | None) -> Done:
    """Give the alerts to a person who may work on each of them; None: to nobody."""
    found = _held(actor, alerts, Permission.EDIT)
    keys = [one.pk for one in found]
    if assignee is not None and access.alerts(assignee, Permission.EDIT).filter(pk__in=keys).count() != len(keys):
        raise ValidationError(
            {"assignee": _("%(assignee)s may not work on all of these alerts.") % {"assignee": assignee}}
        )
    changed = [one for one in found if one.assignee_id != (assignee.pk if assignee else None)]
    for one in changed:
        one.assignee = assignee
    return _done(actor, AlertAction.ASSIGNED, found, changed, ("assignee",), about=str(assignee or "nobody"))


@transaction.atomic
def comment(*, actor: User | None, alerts: Iterable[int], text: str) -> Done:
    """Write something down about the alerts."""
    found = _held(actor, alerts, Permission.EDIT)
    return _done(actor, AlertAction.COMMENTED, found, found, (), text=_said(text, "Write the comment."))


@transaction.atomic
def start(*, actor: User | None, alerts: Iterable[int]) -> Done:
    """Take the alerts in progress: a person holds them, and the feed no longer moves their state."""
    found = _held(actor, alerts, Permission.EDIT)
    changed = [one for one in found if not one.closed and not (one.state == AlertState.IN_PROGRESS and one.decided_at)]
    for one in changed:
        _decide(one, AlertState.IN_PROGRESS)
        one.assignee = one.assignee or actor
    return _done(actor, AlertAction.STARTED, found, changed, (*_STATE, "assignee"))


@transaction.atomic
def resolve(*, actor: User | None, alerts: Iterable[int], lesson: str) -> Done:
    """Close the alerts with the lesson learnt, which is required."""
    text = _said(lesson, "Say what was learnt: what happened, and what keeps it from happening again.")
    return _close(actor, alerts, AlertState.RESOLVED, AlertAction.RESOLVED, text)


@transaction.atomic
def dismiss(*, actor: User | None, alerts: Iterable[int], reason: str) -> Done:
    """Say that the alerts were none, with the required reason; they no longer count in any score."""
    text = _said(reason, "Say why: a dismissed alert no longer counts in the score.")
    return _close(actor, alerts, AlertState.DISMISSED, AlertAction.DISMISSED, text)


@transaction.atomic
def reopen(*, actor: User | None, alerts: Iterable[int], reason: str) -> Done:
    """Open closed alerts again. They follow the feed again, once it says something new."""
    found = _held(actor, alerts, Permission.REVIEW)
    text = _said(reason, "Say why it is opened again.")
    changed = [one for one in found if one.closed]
    for one in changed:
        one.state, one.decided_at, one.resolved_at, one.outcome = AlertState.ACTIVE, None, None, ""
    return _done(actor, AlertAction.REOPENED, found, changed, _STATE, text=text)


@transaction.atomic
def tie(*, actor: User | None, alerts: Iterable[int], application: AIApplication | None, reason: str = "") -> Done:
    """Tie the alerts to an application, or to none. The feed no longer changes that; both applications are judged
    again."""
    found = _held(actor, alerts, Permission.REVIEW)
    if application is not None:
        access.require(actor, Permission.REVIEW, application.department)
    else:
        reason = _said(reason, "Say why it is about none: it no longer counts in the score.")
    changed = [one for one in found if one.application_id != (application.pk if application else None)]
    before = {one.application_id for one in changed if one.application_id}
    about = str(application or (changed and changed[0].application) or "")
    for one in changed:
        one.application, one.tied_at = application, timezone.now()
    action = AlertAction.TIED if application else AlertAction.UNTIED
    done = _done(
        actor,
        action,
        found,
        changed,
        ("application", "tied_at"),
        text=reason.replace("\x00", "").strip()[:_LENGTH],
        about=about,
    )
    _rescore(before)
    return done


@transaction.atomic
def reveal(*, actor: User | None, alert: int, reason: str) -> str:
    """The record of an alert as it came, with whom it names, for who may see names there; logged with the reason. Empty
    once it is purged.

    Raises Http404, PermissionDenied, or ValidationError without a reason.
    """
    found = access.alert_or_404(actor, alert, Permission.NAMES)
    text = _said(reason, "Say why you need to read it.")
    audit_log.record(
        actor=actor,
        action="alert.revealed",
        summary=f"Read the record of “{found.title}” as it came",
        obj=found,
        department=found.application.department if found.application else None,
        reason=text,
    )
    return decrypt(found.raw).decode("utf-8", "replace") if found.raw else ""


_STATE = ("state", "decided_at", "resolved_at", "outcome")


def _close(actor: User | None, alerts: Iterable[int], state: AlertState, action: AlertAction, text: str) -> Done:
    found = _held(actor, alerts, Permission.REVIEW)
    # What the feed closed may be confirmed by a person, who knows what was learnt
    changed = [one for one in found if not one.closed or (one.decided_at is None and not one.outcome)]
    for one in changed:
        _decide(one, state)
        one.resolved_at, one.outcome = one.resolved_at or timezone.now(), text
    return _done(actor, action, found, changed, _STATE, text=text)


def _decide(one: Alert, state: AlertState) -> None:
    one.state, one.decided_at = state, timezone.now()


def _held(actor: User | None, alerts: Iterable[int], permission: Permission) -> list[Alert]:
    """The alerts, locked. Raises Http404 where one is out of sight, PermissionDenied where one may only be seen."""
    keys = sorted(set(alerts))
    if not keys:
        raise ValidationError(_("Choose at least one alert."))
    if len(keys) > MOST:
        raise ValidationError(_("At most %(MOST)s alerts at once.") % {"MOST": MOST})
    if access.alerts(actor).filter(pk__in=keys).count() != len(keys):
        raise Http404("No such alert.")
    if access.alerts(actor, permission).filter(pk__in=keys).count() != len(keys):
        raise PermissionDenied("You may not do this with these alerts.")
    held = Alert.objects.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",)).defer("raw")
    return list(held.select_related("application__department", "assignee"))


def _said(text: str, otherwise: str) -> str:
    said = text.replace("\x00", "").strip()  # PostgreSQL can't hold it
    if not said:
        raise ValidationError({"text": otherwise})
    if len(said) > _LENGTH:
        raise ValidationError({"text": _("At most %(n)s characters.") % {"n": f"{_LENGTH:,}"}})
    return said


def _done(
    actor: User | None,
    action: AlertAction,
    found: Sequence[Alert],
    changed: Sequence[Alert],
    fields: Sequence[str],
    *,
    text: str = "",
    about: str = "",
) -> Done:
    """Write what changed, with its history and its entry in the audit log; queue the applications it bears upon."""
    if not changed:
        raise ValidationError("Nothing to change: " + ("it is" if len(found) == 1 else "they are") + " so already.")
    if fields:
        Alert.objects.bulk_update(changed, fields)
    AlertStep.objects.bulk_create(
        AlertStep(alert=one, action=action, actor=actor, text=text, about=about[:300]) for one in changed
    )
    one = changed[0] if len(changed) == 1 else None
    departments = {alert.application.department for alert in changed if alert.application}
    what = f"“{one.title}”" if one else f"{len(changed)} alerts"
    audit_log.record(
        actor=actor,
        action=f"alert.{action.value}",
        summary=f"{in_english(action.label)}{about and f' {about}'}: {what}",
        obj=one,
        department=departments.pop() if len(departments) == 1 else None,
        reason=text,
        details={"alerts": [alert.pk for alert in changed], "titles": sorted({alert.title for alert in changed})[:20]},
    )
    if {"state", "application"} & set(fields):
        _rescore({alert.application_id for alert in changed if alert.application_id})
    return Done(len(changed), len(found) - len(changed))


def _rescore(applications: set[int]) -> None:
    if applications:
        ChangedApplication.objects.mark(applications)
        doorbell.ring(RESCORE)
