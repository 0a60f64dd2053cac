"""*Not applicable* against the rule: one person asks, another with the right to review decides.

Until then the control counts as it was; afterwards it is not asked, up to the control's next review.
"""

from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import access, audit_log
from inventory.access import Permission
from inventory.models import AIApplication, User
from risk.choices import NotApplicableState as State
from risk.method import load_method
from risk.models import ControlState, NotApplicableRequest
from risk.services import evidence, scores

_LENGTH = 1000
TIME_IS_UP = "Its time was up: the control's review interval has passed."


@transaction.atomic
def ask(*, actor: User | None, application: AIApplication, control: str, reason: str) -> NotApplicableRequest:
    """Ask to leave a control out. Raises PermissionDenied or ValidationError."""
    application = evidence.locked(actor, application)
    reason = _words(reason, "reason", "Say why it does not apply here.")
    if control not in load_method().controls:
        raise ValidationError({"control": _("There is no control %(control)s.") % {"control": control}})
    if _open(application, control).exists():
        raise ValidationError(_("This is asked already, or agreed."))
    found = NotApplicableRequest.objects.create(application=application, control=control, reason=reason, asked_by=actor)
    _record(actor, found, "asked", "Asked to leave out", reason)
    return found


@transaction.atomic
def decide(*, actor: User | None, request: NotApplicableRequest, approve: bool, why: str = "") -> NotApplicableRequest:
    """Agree or refuse, as another person than the one who asked; a refusal says why.

    Agreed, it holds for the control's review interval. Raises PermissionDenied or ValidationError.
    """
    application = evidence.locked(actor, request.application)
    access.require(actor, Permission.REVIEW, application.department)
    found = _current(request, State.ASKED)
    if actor is not None and found.asked_by_id == actor.pk:
        raise ValidationError(_("You asked for this yourself. Another person with the right to review decides it."))
    why = _words(why, "why", "" if approve else "Say why it does apply.")
    interval = timedelta(days=load_method().controls[found.control].review_days)
    ends = timezone.localdate() + interval if approve else None
    state = State.APPROVED if approve else State.REFUSED
    _set(found, state=state, decided_by=actor, decided_at=Now(), decided_why=why, ends=ends)
    if approve:
        _leave_out(found, actor)
    _record(actor, found, state, "Agreed to leave out" if approve else "Refused to leave out", why)
    return found


@transaction.atomic
def take_back(*, actor: User | None, request: NotApplicableRequest, why: str) -> NotApplicableRequest:
    """Withdraw what was asked, or end what was agreed: the control is asked again. Raises as `ask` does."""
    application = evidence.locked(actor, request.application)
    found = _current(request, State.ASKED, State.APPROVED)
    why = _words(why, "why", "Say why.")
    agreed = found.state == State.APPROVED
    _set(found, state=State.ENDED if agreed else State.WITHDRAWN, closed_by=actor, closed_at=Now(), closed_why=why)
    if agreed:
        _ask_again(NotApplicableRequest.objects.filter(pk=found.pk))
        scores.mark([application.pk])
    _record(actor, found, found.state, "Asked again" if agreed else "Withdrew the request to leave out", why)
    return found


@transaction.atomic
def end_due(day: date) -> int:
    """End everything whose time was up before this day; returns how many. A fixed number of queries."""
    due = NotApplicableRequest.objects.select_for_update().filter(state=State.APPROVED, ends__lt=day)
    ending = list(due.order_by("pk").values_list("pk", "application_id", "control"))
    if not ending:
        return 0
    found = NotApplicableRequest.objects.filter(pk__in=[pk for pk, *__ in ending])
    _ask_again(found)
    found.update(state=State.ENDED, closed_at=Now(), closed_why=TIME_IS_UP)
    scores.mark(sorted({application for _pk, application, _control in ending}))
    audit_log.record(
        actor=None,
        action="not_applicable.ended",
        summary=f"{len(ending)} agreed not-applicable controls are asked again",
        reason=TIME_IS_UP,
        details={"requests": [pk for pk, *__ in ending]},
    )
    return len(ending)


def _leave_out(agreed: NotApplicableRequest, actor: User | None) -> None:
    """Mark the statement, up to the end of the agreement; where nothing was stated, a row says only this."""
    mark = {"not_applicable": True, "not_applicable_until": agreed.ends}
    one = {"application": agreed.application, "control": agreed.control}
    if not ControlState.objects.filter(**one).update(**mark):
        ControlState.objects.create(**one, **mark, as_of=timezone.localdate(), stated_by=actor)
    scores.mark([agreed.application_id])


def _ask_again(requests: Any) -> None:
    """Take the mark off: what was stated counts again, and a row that said nothing else goes."""
    same = requests.filter(application=OuterRef("application"), control=OuterRef("control"))
    rows = ControlState.objects.filter(Exists(same), not_applicable=True)
    rows.filter(status=None).delete()
    rows.update(not_applicable=False, not_applicable_until=None)


def _open(application: AIApplication, control: str) -> Any:
    return NotApplicableRequest.objects.filter(
        application=application, control=control, state__in=[State.ASKED, State.APPROVED]
    )


def _current(request: NotApplicableRequest, *states: State) -> NotApplicableRequest:
    found = NotApplicableRequest.objects.select_related("application").get(pk=request.pk)
    if found.state not in states:
        raise ValidationError(_("This was %(state)s in the meantime.") % {"state": found.get_state_display().lower()})
    return found


def _set(request: NotApplicableRequest, **values: Any) -> None:
    NotApplicableRequest.objects.filter(pk=request.pk).update(**values)
    request.refresh_from_db()


def _words(text: str, field: str, needed: str) -> str:
    text = text.strip()
    if needed and not text:
        raise ValidationError({field: needed})
    if len(text) > _LENGTH:
        raise ValidationError({field: _("At most %(n)s characters.") % {"n": _LENGTH}})
    return text


def _record(actor: User | None, request: NotApplicableRequest, verb: str, words: str, reason: str) -> None:
    audit_log.record(
        actor=actor,
        action=f"not_applicable.{verb}",
        summary=f"{words}: {request.control} of {request.application.external_id}",
        obj=request.application,
        reason=reason,
        details={
            "control": request.control,
            "request": request.pk,
            "ends": request.ends.isoformat() if request.ends else None,
        },
    )
