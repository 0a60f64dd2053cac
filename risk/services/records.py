"""Written records: begun, written, submitted, signed. Submitting freezes a version; who wrote it never signs it.

Each change takes the application's lock first, as a step in its life cycle does: a signature and the step that waits
for it come one after the other. Wrong input raises ValidationError by field.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import access, audit_log
from inventory.access import Permission
from inventory.choices import in_english
from inventory.models import AIApplication, User
from risk import records
from risk.choices import RecordForm, RecordState
from risk.method import load_method
from risk.models import Record, Signature
from risk.records import FormSchema
from risk.records.content import Content, Sent, fingerprint, merged, missing, triggers
from risk.records.due import basis_of, dropped
from risk.records.schema import SectionSchema
from risk.selectors.records import first_content, register_of
from risk.services.assessments import OvertakenError

REASON_LENGTH = 4000
NEWER = (
    "{by} wrote here since this page was opened, so this is not saved. Saving once more puts yours in place of theirs,"
    " which stays in the history; to see it, open this page a second time."
)
OPEN = (RecordState.DRAFT, RecordState.SUBMITTED)


@transaction.atomic
def start(*, actor: User | None, application: AIApplication, form: str) -> Record:
    """Begin a version: with the text of the one before, else with what the register knows. One is open at a time.

    With a text come those who wrote or submitted it: they sign it in no later version either.
    """
    application = _locked(application.pk, actor, Permission.EDIT)
    if form not in RecordForm.values:
        raise ValidationError({"form": _("Choose one of: %(values)s.") % {"values": ", ".join(RecordForm.values)}})
    mine = application.records.filter(form=form)
    if mine.filter(state__in=OPEN).exists():
        raise ValidationError({"form": _("A version is being written or reviewed already. Go on with that one.")})
    before = mine.order_by("-version").first()
    release = records.newest_release()
    content = before.content if before else first_content(records.form(form, release), application, actor)
    record = Record.objects.create(
        application=application,
        form=form,
        version=(mine.aggregate(last=Max("version"))["last"] or 0) + 1,
        release=release,
        content=content,
        triggers=triggers(records.form(form, release), content),
        authors=_authors(mine, actor),
        saved_by=actor,
    )
    _log(record, actor, "record.started", "Began")
    return record


@transaction.atomic
def save(
    *,
    actor: User | None,
    record: Record,
    section: str,
    values: Mapping[str, Any],
    row: int | None = None,
    seen: Mapping[str, str] | None = None,
) -> Record:
    """Write one section of a draft; what was not sent stays. `row`: which one, of a section that stands once a row.

    `seen`: fingerprints of what the page showed, by field: what the person left as it was stays as it is stored, and
    where somebody else has written a changed field since, theirs is not replaced. The same again is neither written
    nor logged. Raises PermissionDenied, OvertakenError, or ValidationError by the field's name.
    """
    record = _writable(record, actor)
    form = records.form(record.form, record.release)
    wanted = next((one for one in form.sections if one.id == section), None)
    if wanted is None or (wanted.per and not 0 <= (row or 0) < len(record.content.get(wanted.per, []))):
        raise ValidationError({"section": _("There is no such part of this record.")})
    sent = Sent(load_method())
    found = sent.section(wanted, values)
    if sent.problems:
        raise ValidationError(sent.problems)
    stored = record.content[wanted.per][row or 0] if wanted.per else record.content
    found = _changed(record, wanted, stored, found, seen or {})
    content = merged(form, wanted, record.content, found, row)
    if content == record.content:
        return record
    record.content, record.triggers = content, triggers(form, content)
    record.saved_at, record.saved_by = timezone.now(), actor
    if actor is not None and actor.pk not in record.authors:
        record.authors = [*record.authors, actor.pk]
    record.save(update_fields=["content", "triggers", "saved_at", "saved_by", "authors"])
    _log(record, actor, "record.saved", f"Wrote “{wanted.title}” in", {"section": section, "triggers": record.triggers})
    return record


def _changed(
    record: Record, section: SectionSchema, stored: Content, found: Content, seen: Mapping[str, str]
) -> Content:
    """What the person changed of a section. Raises OvertakenError for what somebody else has written since."""
    kept, overtaken = {}, {}
    for field in section.fields:
        if field.id not in found:
            continue
        mine, theirs = (fingerprint(field, values.get(field.id)) for values in (found, stored))
        shown = seen.get(field.id, theirs)
        if shown not in (theirs, mine) and mine != theirs:
            overtaken[field.id] = NEWER.format(by=record.saved_by or "Somebody")
        if shown != mine or theirs == mine:
            kept[field.id] = found[field.id]
    if overtaken:
        raise OvertakenError(overtaken)
    return kept


@transaction.atomic
def submit(*, actor: User | None, record: Record) -> Record:
    """Freeze the draft and hand it to the reviewers. Raises ValidationError naming everything that is missing."""
    record = _writable(record, actor)
    form = records.form(record.form, record.release)
    answers = dict(record.application.answers.values_list("question", "value"))
    refused = [one.message for one in form.refused_if if answers.get(one.question) is not one.unless]
    gaps = [f"Still to be filled: {one}." for one in missing(form, record.content, load_method())]
    if refused or gaps:
        raise ValidationError({"record": [*refused, *gaps]})
    record.state, record.submitted_at, record.submitted_by = RecordState.SUBMITTED, timezone.now(), actor
    record.basis = basis_of(form, register_of(record.application), answers)
    record.save(update_fields=["state", "submitted_at", "submitted_by", "basis"])
    _log(record, actor, "record.submitted", "Submitted", {"triggers": record.triggers, "needed": needed(form, record)})
    return record


@transaction.atomic
def withdraw(*, actor: User | None, record: Record, reason: str) -> Record:
    """Take a submitted record back, to write another version. What it said keeps blocking until one is approved."""
    record = _in_review(record, actor, Permission.EDIT)
    return _close(record, actor, RecordState.WITHDRAWN, reason, "record.withdrawn", "Withdrew")


@transaction.atomic
def sign(*, actor: User, record: Record, agrees: bool, note: str = "") -> Record:
    """Agree to a submitted record, or send it back with the reason. The last agreement that is needed approves it.

    Who wrote or submitted it may not sign; nobody signs twice. Raises PermissionDenied or ValidationError.
    """
    record = _in_review(record, actor, Permission.REVIEW)
    form = records.form(record.form, record.release)
    if actor.pk in {*record.authors, record.submitted_by_id}:
        raise ValidationError({"record": _("You wrote in this record or handed it in. Another person has to sign it.")})
    if record.signatures.filter(person=actor).exists():
        raise ValidationError(
            {"record": _("You have signed this version already. Another person has to sign as well.")}
        )
    if not agrees and not note.strip():
        raise ValidationError({"note": _("Say why it is sent back: its authors read it.")})
    Signature.objects.create(record=record, person=actor, agrees=agrees, note=note.strip()[:REASON_LENGTH])
    if not agrees:
        return _close(record, actor, RecordState.RETURNED, note, "record.returned", "Sent back")
    _log(record, actor, "record.signed", "Signed", {"triggers": record.triggers}, note)
    if record.signatures.filter(agrees=True).count() >= needed(form, record):
        return _close(record, actor, RecordState.APPROVED, "", "record.approved", "Approved by the last signature:")
    return record


@transaction.atomic
def report(*, actor: User | None, record: Record, on: date, reference: str) -> Record:
    """Note that the authority was told (Art. 27(3)) or the register filled (Art. 49(2)), of an approved record."""
    _locked(record.application_id, actor, Permission.EDIT)
    record = _fresh(record)
    wrong = {}
    if records.form(record.form, record.release).report is None or record.state != RecordState.APPROVED:
        wrong["record"] = "Only an approved record whose form asks for it is reported."
    if on > timezone.localdate():
        wrong["on"] = "This day is still to come."
    if not reference.strip() or len(reference) > 300:
        wrong["reference"] = "Name the reference, in at most 300 characters."
    if wrong:
        raise ValidationError(wrong)
    record.reported_on, record.reported_as = on, reference.strip()
    record.save(update_fields=["reported_on", "reported_as"])
    details = {"on": on.isoformat(), "reference": record.reported_as}
    _log(record, actor, "record.reported", "Noted the report of", details)
    return record


def _authors(before: QuerySet[Record], actor: User | None) -> list[int]:
    """Everybody in a text that goes on from version to version, and who goes on with it."""
    people = [actor.pk if actor else None]
    for authors, submitted_by in before.order_by("version").values_list("authors", "submitted_by"):
        people += [*authors, submitted_by]
    return [one for one in dict.fromkeys(people) if one is not None]


def needed(form: FormSchema, record: Record) -> int:
    """How many people have to agree: to a text that drops a sensitive or restricted use as many as to one with it."""
    return form.signatures.triggered if record.triggers or dropped_by(record) else form.signatures.usual


def dropped_by(record: Record) -> list[str]:
    """The triggers of earlier versions that this one no longer has."""
    before = Record.objects.filter(application=record.application_id, form=record.form, version__lt=record.version)
    return dropped(list(before.order_by("version").values_list("state", "triggers")), record.triggers)


def _locked(application: int, actor: User | None, permission: Permission) -> AIApplication:
    found = (
        AIApplication.objects.select_for_update(of=("self",), no_key=True)
        .select_related("department", "owner")
        .get(pk=application)
    )
    access.require(actor, permission, found.department)
    return found


def _fresh(record: Record) -> Record:
    return Record.objects.select_related("application__department").get(pk=record.pk)


def _writable(record: Record, actor: User | None) -> Record:
    _locked(record.application_id, actor, Permission.EDIT)
    record = _fresh(record)
    if record.state != RecordState.DRAFT:
        raise ValidationError({"record": _("This version is frozen. Begin a new one to change it.")})
    return record


def _in_review(record: Record, actor: User | None, permission: Permission) -> Record:
    _locked(record.application_id, actor, permission)
    record = _fresh(record)
    if record.state != RecordState.SUBMITTED:
        raise ValidationError(
            {"record": _("This version is not in review: %(state)s.") % {"state": record.get_state_display().lower()}}
        )
    return record


def _close(record: Record, actor: User | None, state: RecordState, reason: str, action: str, verb: str) -> Record:
    if state == RecordState.WITHDRAWN and not reason.strip():
        raise ValidationError({"note": _("Say why it is withdrawn.")})
    record.state, record.closed_at, record.reason = state, timezone.now(), reason.strip()[:REASON_LENGTH]
    record.save(update_fields=["state", "closed_at", "reason"])
    _log(record, actor, action, verb, {"triggers": record.triggers}, reason)
    return record


def _log(
    record: Record, actor: User | None, action: str, verb: str, details: Content | None = None, reason: str = ""
) -> None:
    form = in_english(RecordForm(record.form).label)
    audit_log.record(
        actor=actor,
        action=action,
        summary=f"{verb} version {record.version}: {form} of {record.application.external_id}",
        obj=record.application,
        department=record.application.department,
        reason=reason.strip()[:REASON_LENGTH],
        details={"form": record.form, "version": record.version, **(details or {})},
    )
