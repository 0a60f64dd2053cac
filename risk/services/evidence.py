"""Evidence: added, corrected and withdrawn; the control that it speaks for follows in the same transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import access, audit_log
from inventory.access import Permission
from inventory.models import AIApplication, User
from risk.choices import ControlStatus
from risk.method import load_method
from risk.models import ControlState, Evidence, EvidenceFile
from risk.services import evidence_files, inheritance, scores
from risk.services.evidence_files import Stored
from risk.services.file_types import RefusedError
from risk.services.seen import refuse_overtaken

FIELDS = ("title", "kind", "issued", "valid_until")  # what can be corrected
_TITLE_LENGTH, _LINK_LENGTH, _WHY_LENGTH = 300, 2000, 1000
_https = URLValidator(schemes=["https"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is said of an item of evidence. `link` is empty for a file."""

    kind: str
    title: str
    issued: date
    valid_until: date | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in. `name` is what the sender calls it."""

    name: str
    blocks: Iterable[bytes]


def add(
    *, actor: User | None, application: AIApplication, control: str, proof: Proof, upload: Upload | None = None
) -> Evidence:
    """Add a link, or a file (of a kind in `file_types`), as evidence for a control.

    Raises PermissionDenied before a byte is kept, or ValidationError by field.
    """
    access.require(actor, Permission.EDIT, application.department)
    check(control, proof, upload is not None)
    stored = _stored(upload) if upload else None
    with transaction.atomic():
        application = locked(actor, application)
        name = evidence_files.safe_name(upload.name, stored.kind) if upload and stored else ""
        item = insert(actor=actor, application=application, control=control, proof=proof, stored=stored, name=name)
        settle(actor, application, control)
    return item


def insert(
    *,
    actor: User | None,
    application: AIApplication,
    control: str,
    proof: Proof,
    stored: Stored | None = None,
    name: str = "",
) -> Evidence:
    """Write a checked item. The caller holds the application's lock."""
    if stored is not None:
        EvidenceFile.objects.get_or_create(pk=stored.sha256, defaults={"size": stored.size, "kind": stored.kind})
    values = _cleaned(proof)
    item = Evidence.objects.create(
        application=application,
        control=control,
        file_id=stored.sha256 if stored else None,
        file_name=name,
        added_by=actor,
        **values,
    )
    item.refresh_from_db()
    content = {"file": name, "sha256": stored.sha256, "size": stored.size} if stored else {}
    _record(actor, item, "evidence.added", "Evidence for", {**_plain(values), **content})
    return item


@transaction.atomic
def change(*, actor: User | None, item: Evidence, proof: Proof, seen: Mapping[str, Any] | None = None) -> Evidence:
    """Correct the words and dates of an item; its file or link stays. `seen`: what the person saw stored; what was
    corrected since is not replaced unseen. Raises PermissionDenied, OvertakenError or ValidationError."""
    application = locked(actor, item.application)
    item = _standing(item)
    proof = Proof(**{**asdict(proof), "link": item.link})
    check(item.control, proof, item.file_id is not None)
    new = {key: value for key, value in _cleaned(proof).items() if key != "link"}
    changes = {key: (getattr(item, key), value) for key, value in new.items() if getattr(item, key) != value}
    if not changes:
        return item
    if seen is not None:
        refuse_overtaken({name: getattr(item, name) for name in FIELDS}, seen, "title")
    people = item.changed_by if actor is None or actor.pk in item.changed_by else [*item.changed_by, actor.pk]
    Evidence.objects.filter(pk=item.pk).update(**new, changed_at=Now(), changed_by=people)
    item.refresh_from_db()
    before = _plain({key: old for key, (old, __) in changes.items()})
    after = _plain({key: value for key, (__, value) in changes.items()})
    _record(actor, item, "evidence.changed", "Changed evidence for", {"before": before, "after": after})
    settle(actor, application, item.control)
    return item


@transaction.atomic
def withdraw(*, actor: User | None, item: Evidence, why: str) -> Evidence:
    """Take an item out of the reckoning; it stays on record. Raises PermissionDenied or ValidationError."""
    application = locked(actor, item.application)
    item, why = _standing(item), why.strip()
    if not why:
        raise ValidationError({"why": _("Say why: an auditor will ask.")})
    if len(why) > _WHY_LENGTH:
        raise ValidationError({"why": _("At most %(n)s characters.") % {"n": _WHY_LENGTH}})
    Evidence.objects.filter(pk=item.pk).update(withdrawn_at=Now(), withdrawn_by=actor, withdrawn_why=why)
    item.refresh_from_db()
    _record(actor, item, "evidence.withdrawn", "Withdrew evidence for", {}, why)
    settle(actor, application, item.control)
    return item


@transaction.atomic
def note_download(*, actor: User, item: Evidence) -> None:
    """Write down that somebody took a file of evidence away."""
    access.require(actor, Permission.VIEW, item.application.department)
    _record(actor, item, "evidence.downloaded", "Downloaded evidence for", {"sha256": item.file_id})


def locked(actor: User | None, application: AIApplication) -> AIApplication:
    """The application, held until the end of the transaction; raises PermissionDenied for who may not edit it."""
    found = AIApplication.objects.select_for_update(of=("self",), no_key=True).get(pk=application.pk)
    access.require(actor, Permission.EDIT, found.department)
    return found


def standing_items(application: AIApplication, control: str) -> list[Evidence]:
    """What was added for a control and not withdrawn, expired or not."""
    return list(Evidence.objects.filter(application=application, control=control, withdrawn_at=None))


def is_current(item: Evidence, day: date) -> bool:
    """Whether it still counts on a day."""
    return item.valid_until is None or item.valid_until >= day


def for_check_by(verifier: int | None, items: Sequence[Evidence]) -> list[Evidence]:
    """What an independent check can rest on: items that somebody else added and whose words and dates who makes the
    check never touched, or they would confirm themselves. None: the console's check."""
    return [item for item in items if verifier is None or verifier not in (item.added_by_id, *item.changed_by)]


def latest_end(items: Sequence[Evidence]) -> date | None:
    """The last day on which any of these counts; None: no end, or there is nothing."""
    ends = [item.valid_until for item in items]
    return None if None in ends else max(ends, default=None)  # type: ignore[type-var]


def ends_of(covered: Sequence[Evidence], items: Sequence[Evidence]) -> tuple[date | None, date | None]:
    """(valid until, evidenced until) of a statement that covers some of its items: the last day of these, and of the
    others where they last longer."""
    end, last = latest_end(covered), latest_end(items)
    return end, None if end is None or last == end else last or date.max


def rests_on(
    status: str | None, stated_at: datetime, stated_by: int | None, items: Sequence[Evidence], day: date
) -> tuple[Any, date | None, date | None]:
    """(status, valid until, evidenced until) that this evidence carries.

    An independent check covers what others had added when it was made: once none of that counts, the statement is
    *evidenced* by the rest. Without any evidence it is the word of who gave it.
    """
    if status == ControlStatus.VERIFIED:
        seen = [item for item in for_check_by(stated_by, items) if item.changed_at <= stated_at]
        if any(is_current(item, day) for item in seen):
            return status, *ends_of(seen, items)
        status = ControlStatus.EVIDENCED
    if status == ControlStatus.EVIDENCED and not items:
        status = ControlStatus.ATTESTED
    return status, latest_end(items), None


def settle(actor: User | None, application: AIApplication, control: str) -> None:
    """Let the statement follow its evidence, and the score the statement. The caller holds the application's lock."""
    state = ControlState.objects.filter(application=application, control=control, inherited_from=None).first()
    if state is None:
        return
    items = standing_items(application, control)
    found = rests_on(state.status, state.stated_at, state.stated_by_id, items, timezone.localdate())
    if found == (state.status, state.valid_until, state.evidenced_until):
        return
    status, valid_until, evidenced_until = found
    carried = {"status": status, "valid_until": valid_until, "evidenced_until": evidenced_until}
    ControlState.objects.filter(pk=state.pk).update(**carried)
    scores.mark([application.pk])
    if followers := inheritance.follow(application, control):
        audit_log.record(
            actor=actor,
            action="control.followed",
            summary=f"{control} of {application.external_id} changed with its evidence, wherever it is inherited",
            obj=application,
            details={"control": control, **followers},
        )


def check(control: str, proof: Proof, is_file: bool) -> None:
    """Raise ValidationError, by field, for what can't be evidence."""
    method, wrong = load_method(), {}
    if control not in method.controls:
        wrong["control"] = f"There is no control {control}."
    if proof.kind not in method.evidence_kinds:
        wrong["kind"] = f"Choose one of: {', '.join(method.evidence_kinds)}."
    if not proof.title.strip():
        wrong["title"] = "Say what it shows."
    elif len(proof.title.strip()) > _TITLE_LENGTH:
        wrong["title"] = f"At most {_TITLE_LENGTH} characters."
    if proof.issued > timezone.localdate():
        wrong["issued"] = "This day is still to come."
    if proof.valid_until is not None and proof.valid_until < proof.issued:
        wrong["valid_until"] = "It would end before it was issued."
    if is_file and proof.link.strip():
        wrong["link"] = "Give a file or a link, not both: each is an item of its own."
    elif not is_file and (problem := _problem_of_link(proof.link.strip())):
        wrong["link"] = problem
    if wrong:
        raise ValidationError(wrong)


def _problem_of_link(link: str) -> str:
    if not link:
        return "Give a file, or a link that begins with https://."
    try:
        _https(link)
        address = urlsplit(link)
    except (ValidationError, ValueError):
        return "Write a whole address that begins with https://."
    if len(link) > _LINK_LENGTH:
        return f"At most {_LINK_LENGTH} characters."
    return "Leave the user name and password out of the address." if "@" in address.netloc else ""


def _cleaned(proof: Proof) -> dict[str, Any]:
    return {**asdict(proof), "title": proof.title.strip(), "link": proof.link.strip()}


def _stored(upload: Upload) -> Stored:
    try:
        return evidence_files.store(upload.blocks)
    except RefusedError as problem:
        raise ValidationError({"file": str(problem)}) from problem


def _standing(item: Evidence) -> Evidence:
    found = Evidence.objects.get(pk=item.pk)
    if found.withdrawn_at is not None:
        raise ValidationError(_("This was withdrawn. Add it anew if it counts after all."))
    return found


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in values.items()}


def _record(
    actor: User | None, item: Evidence, action: str, words: str, details: dict[str, Any], reason: str = ""
) -> None:
    audit_log.record(
        actor=actor,
        action=action,
        summary=f"{words} {item.control} of {item.application.external_id}: {item.title}",
        obj=item.application,
        reason=reason,
        details={"control": item.control, "evidence": item.pk, **details},
    )
