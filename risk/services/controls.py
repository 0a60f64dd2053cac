"""Controls: what people state about how well each one works."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from inventory import access, audit_log
from inventory.access import Permission
from inventory.models import AIApplication, User
from risk.choices import ControlStatus
from risk.method import load_method
from risk.models import ControlState
from risk.services import scores

_NOTE_LENGTH = 4000
FIELDS = ("status", "as_of", "due", "note")


@transaction.atomic
def state_control(
    *,
    actor: User | None,
    application: AIApplication,
    control: str,
    status: str,
    as_of: date | None = None,
    note: str = "",
    due: date | None = None,
) -> ControlState:
    """State how well a control works, from a day on (today where none is given), and by when the next step is due.

    *Independently verified* takes the right to review: who attests does not verify. What stays the same is neither
    written nor logged. Raises PermissionDenied, or ValidationError by field.
    """
    application = AIApplication.objects.select_for_update(of=("self",), no_key=True).get(pk=application.pk)
    access.require(actor, Permission.EDIT, application.department)
    stated = {"status": status, "as_of": as_of or timezone.localdate(), "due": due, "note": note.strip()}
    _check(control, stated)
    old = application.control_states.filter(control=control).first()
    before = {field: getattr(old, field) for field in FIELDS} if old else {}
    if old and before == stated:
        return old
    if status == ControlStatus.VERIFIED:
        access.require(actor, Permission.REVIEW, application.department)
    state, _ = ControlState.objects.update_or_create(
        application=application, control=control, defaults={**stated, "stated_by": actor, "stated_at": Now()}
    )
    state.refresh_from_db()
    audit_log.record(
        actor=actor,
        action="control.stated",
        summary=f"{control} of {application.external_id}: {state.get_status_display()}",
        obj=application,
        details={
            "control": control,
            "changes": {
                field: [_plain(before.get(field)), _plain(value)]
                for field, value in stated.items()
                if before.get(field) != value
            },
        },
    )
    scores.mark([application.pk])
    return state


def _check(control: str, stated: dict) -> None:
    wrong = {}
    if control not in load_method().controls:
        wrong["control"] = f"There is no control {control}."
    if stated["status"] not in ControlStatus.values:
        wrong["status"] = f"Choose one of: {', '.join(ControlStatus.values)}."
    if stated["as_of"] > timezone.localdate():
        wrong["as_of"] = "This day is still to come. A statement ages from the day on which it was true."
    if len(stated["note"]) > _NOTE_LENGTH:
        wrong["note"] = f"At most {_NOTE_LENGTH} characters."
    if wrong:
        raise ValidationError(wrong)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
