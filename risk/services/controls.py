"""Controls: what people state about how well each one works."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from inventory import access, audit_log
from inventory.access import Permission
from inventory.choices import in_english
from inventory.models import AIApplication, User
from risk.choices import ControlStatus
from risk.method import load_method
from risk.models import ControlState, Evidence
from risk.scoring.vocabulary import PROVEN
from risk.services import evidence, inheritance, scores
from risk.services.evidence import Proof
from risk.services.seen import plain, refuse_overtaken

_NOTE_LENGTH = 4000
FIELDS = ("status", "as_of", "due", "note", "owner")
# What an independent check can confirm: somebody's word that the control works
CLAIMS = frozenset({ControlStatus.ATTESTED, ControlStatus.EVIDENCED, ControlStatus.VERIFIED})
NEEDS_EVIDENCE = (
    "This needs at least one current item of evidence for the control."
    " Add one first, or (by the API) send a link along as “evidence”."
)
NEEDS_CLAIM = "Nobody has stated yet that this control works. Who runs it states it; then somebody else verifies it."
LEFT_OUT = "Two people agreed that this control does not apply here. End that first."
NEEDS_ANOTHER = "You stated this yourself. An independent check is made by another person with the right to review."

NEEDS_PROOF_OF_OTHERS = (
    "All current evidence for this control is your own, or you corrected it. An independent check rests on an item"
    " that somebody else added and whose words and dates you never changed."
)
PROOF_APART = (
    "An independent check does not bring its own evidence. Leave “evidence” out; somebody else adds it beforehand."
)


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
    owner: User | None = None,
    proof: Proof | None = None,
    seen: Mapping[str, Any] | None = None,
) -> ControlState:
    """State how well a control works, from a day on (today where none is given), by when the next step is due and who
    sees to it. `proof`: a link that is added as evidence in the same step. `seen`: the statement that the person saw
    stored; where somebody else has stated otherwise since, theirs is not replaced unseen.

    *Evidenced* takes current evidence. *Independently verified* takes the right to review, and another person than the
    one who stated it and than those who added or corrected what the check rests on: no `proof` comes along with it. An
    own statement replaces what was inherited from a shared platform, and whoever inherits this one follows. What stays
    the same is neither written nor logged. Raises PermissionDenied, OvertakenError, or ValidationError by field.
    """
    application = evidence.locked(actor, application)
    stated = {
        "status": status,
        "as_of": as_of or timezone.localdate(),
        "due": due,
        "note": note.strip(),
        "owner": owner,
    }
    _check(application, control, stated)
    old = application.control_states.filter(control=control).select_related("owner", "attested_by").first()
    before = {field: getattr(old, field) for field in FIELDS} if old else {}
    if old and old.inherited_from_id is None and before == stated and proof is None:
        return old
    if old:
        _refuse(actor, old, before, seen)
    if status == ControlStatus.VERIFIED:
        access.require(actor, Permission.REVIEW, application.department)
        _check_independence(actor, old, proof)
    if proof is not None:
        evidence.check(control, proof, is_file=False)
        evidence.insert(actor=actor, application=application, control=control, proof=proof)
    items = evidence.standing_items(application, control)
    ends = evidence.ends_of(_resting_on(actor, status, items), items)
    return _write(actor, application, control, before, stated, ends, _attester(actor, old, stated))


def _attester(actor: User | None, old: ControlState | None, stated: Mapping[str, Any]) -> User | None:
    """Whose claim it is: who confirms one, or changes only its note, owner or due day, makes none. Otherwise a word of
    somebody else in the note would let who attested it verify their own claim."""
    if old is None:
        return actor
    same = old.inherited_from_id is None and (old.status, old.as_of) == (stated["status"], stated["as_of"])
    return old.attested_by if same or stated["status"] == ControlStatus.VERIFIED else actor


def _refuse(actor: User | None, old: ControlState, before: Mapping[str, Any], seen: Mapping[str, Any] | None) -> None:
    """An agreed *not applicable*, and what somebody else stated unseen, are not replaced. Two pages of one person: what
    they changed last holds."""
    if old.left_out_on(timezone.localdate()):
        raise ValidationError({"status": LEFT_OUT})
    if seen is not None and (actor is None or old.stated_by_id != actor.pk):
        refuse_overtaken(before, seen, "status")


def _write(
    actor: User | None,
    application: AIApplication,
    control: str,
    before: Mapping[str, Any],
    stated: Mapping[str, Any],
    ends: tuple[date | None, date | None],
    attester: User | None,
) -> ControlState:
    state, __ = ControlState.objects.update_or_create(
        application=application,
        control=control,
        defaults={
            **stated,
            "valid_until": ends[0],
            "evidenced_until": ends[1],
            "inherited_from": None,
            "attested_by": attester,
            "stated_by": actor,
            "stated_at": Now(),
        },
    )
    state.refresh_from_db()
    changes = {
        field: [plain(before.get(field)), plain(value)] for field, value in stated.items() if before.get(field) != value
    }
    audit_log.record(
        actor=actor,
        action="control.stated",
        summary=f"{control} of {application.external_id}: {in_english(ControlStatus(stated['status']).label)}",
        obj=application,
        details={"control": control, "changes": changes, **inheritance.follow(application, control)},
    )
    scores.mark([application.pk])
    return state


def _check(application: AIApplication, control: str, stated: Mapping[str, Any]) -> None:
    wrong = {}
    if control not in load_method().controls:
        wrong["control"] = f"There is no control {control}."
    if stated["status"] not in ControlStatus.values:
        wrong["status"] = f"Choose one of: {', '.join(ControlStatus.values)}."
    if stated["as_of"] > timezone.localdate():
        wrong["as_of"] = "This day is still to come. A statement ages from the day on which it was true."
    if len(stated["note"]) > _NOTE_LENGTH:
        wrong["note"] = f"At most {_NOTE_LENGTH} characters."
    if stated["owner"] is not None and not access.applications(stated["owner"]).filter(pk=application.pk).exists():
        wrong["owner"] = f"{stated['owner']} may not see this application, and so can't see to its controls."
    if wrong:
        raise ValidationError(wrong)


def _resting_on(actor: User | None, status: str, items: list[Evidence]) -> list[Evidence]:
    """The items that carry the statement. Raises ValidationError where it needs a current one and has none."""
    if status not in PROVEN:
        return items
    counting = evidence.for_check_by(actor.pk if actor else None, items) if status == ControlStatus.VERIFIED else items
    today = timezone.localdate()
    if not any(evidence.is_current(item, today) for item in counting):
        own = any(evidence.is_current(item, today) for item in items)
        raise ValidationError({"status": NEEDS_PROOF_OF_OTHERS if own else NEEDS_EVIDENCE})
    return counting


def _check_independence(actor: User | None, old: ControlState | None, proof: Proof | None) -> None:
    """Two people: one claims and proves, another confirms. The console (no actor) is trusted to have asked both."""
    if actor is None:
        return
    if old is None or old.status not in CLAIMS:
        raise ValidationError({"status": NEEDS_CLAIM})
    if (old.attested_by_id or old.stated_by_id) == actor.pk:
        raise ValidationError({"status": NEEDS_ANOTHER})
    if proof is not None:
        raise ValidationError({"evidence": PROOF_APART})
