"""Written records of one application: where each stands, whether it is due again, and what a version holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from inventory.models import AIApplication, User
from risk import records
from risk.choices import RecordForm, RecordState
from risk.method import load_method
from risk.models import Record, Signature
from risk.records import FormSchema, content, due
from risk.scoring.expressions import Truth, evaluate
from risk.scoring.judgement import Judgement
from risk.selectors.classification import EXEMPT, FUNDAMENTAL_RIGHTS

_PREFILLED = {"name": "name", "purpose": "purpose", "description": "purpose"}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an application stands with one form. `current` is the approved version in force; `latest` the newest.

    `due`: why it has to be written (again), empty where it need not. `unsigned`: in words, what two people have to
    sign and haven't; `restricted`: among them a use on the restricted list, so it is prohibited pending review.
    """

    form: FormSchema
    latest: Record | None
    current: Record | None
    due: Sequence[str]
    due_on: date | None
    unsigned: Sequence[str]
    restricted: bool

    @property
    def open(self) -> Record | None:
        """The version that is being written or reviewed."""
        open_states = (RecordState.DRAFT, RecordState.SUBMITTED)
        return self.latest if self.latest is not None and self.latest.state in open_states else None


def versions_by_form(application: AIApplication) -> dict[str, list[Record]]:
    """Every version of each record of an application, oldest first, without its text; one query."""
    found: dict[str, list[Record]] = {}
    rows = application.records.select_related("saved_by", "submitted_by").defer("content")
    for one in rows.order_by("version"):
        found.setdefault(one.form, []).append(one)
    return found


def standing(application: AIApplication, form_id: str, answers: Mapping[str, Any], today: date) -> Standing:
    """Where it stands with one form, in one query."""
    return standing_of(form_id, versions_by_form(application).get(form_id, ()), application, answers, today)


def standing_of(
    form_id: str, versions: Sequence[Record], application: AIApplication, answers: Mapping[str, Any], today: date
) -> Standing:
    """The same from versions that are at hand, oldest first."""
    form = records.form(form_id)
    current = next((one for one in reversed(versions) if one.state == RecordState.APPROVED), None)
    open_triggers = due.unsigned([(one.state, one.triggers) for one in versions])
    reasons, day = _due(current, application, answers, today)
    return Standing(
        form=form,
        latest=versions[-1] if versions else None,
        current=current,
        due=reasons,
        due_on=day,
        unsigned=[content.trigger_text(form, one) for one in open_triggers],
        restricted=any(one.startswith("restricted:") for one in open_triggers),
    )


# A record that only a duty asks for → the fact of that duty
_DUTY_OF = {RecordForm.EXEMPTION: EXEMPT, RecordForm.FUNDAMENTAL_RIGHTS: FUNDAMENTAL_RIGHTS}


def due_again(
    application: AIApplication, judgement: Judgement, found: Mapping[str, Sequence[Record]]
) -> list[Standing]:
    """Of these versions by form, the records that were approved and have to be written again; those left out whose
    duty is gone."""
    standings = [
        standing_of(form, found[form], application, judgement.case.answers, judgement.day)
        for form in RecordForm.values
        if form in found and judgement.facts.get(_DUTY_OF.get(RecordForm(form), "")) is not False
    ]
    return [one for one in standings if one.due]


def _due(
    current: Record | None, application: AIApplication, answers: Mapping[str, Any], today: date
) -> tuple[list[str], date | None]:
    if current is None or current.closed_at is None:
        return [], None
    form = records.form(current.form, current.release)
    day = due.due_on(form, timezone.localdate(current.closed_at))
    now = due.basis_of(form, register_of(application), answers)
    reasons = due.changed_since(form, current.basis, now)
    if today >= day:
        reasons = [f"{form.review_months} months have passed since it was approved", *reasons]
    return reasons, day


def register_of(application: AIApplication) -> dict[str, Any]:
    """The register fields that a form may rest on."""
    fields = {name: getattr(application, name) for name in records.REGISTER if name != "department"}
    return {**{name: str(value) for name, value in fields.items()}, "department": application.department.key}


def first_content(form: FormSchema, application: AIApplication, author: User | None) -> dict[str, Any]:
    """What a first draft begins with: what the register knows."""
    known = {key: getattr(application, name) for key, name in _PREFILLED.items()}
    known |= {"department": application.department.name, "author": str(author or application.owner or "")}
    return {
        field.id: str(known[field.prefill])
        for section in form.sections
        for field in section.fields
        if field.prefill and known[field.prefill]
    }


def suggested_goals(judgement: Judgement) -> dict[str, Truth]:
    """Whether each goal of the Responsible AI Standard applies by what is known of the application; None: open."""
    requirements = load_method().frameworks[records.GOALS].requirements
    return {key: evaluate(one.applies_to, judgement.facts.get) for key, one in requirements.items()}


def version_of(application: AIApplication, form_id: str, version: int | None) -> Record | None:
    """One version with its text, the newest where none is named."""
    found = application.records.filter(form=form_id).select_related("saved_by", "submitted_by")
    return found.filter(**({} if version is None else {"version": version})).order_by("-version").first()


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A line of the history of versions: what changed against the version before."""

    record: Record
    differences: Sequence[content.Difference]


def versions_of(application: AIApplication, form_id: str) -> list[VersionLine]:
    """Every version, newest first, each with what it changed."""
    found = list(
        application.records.filter(form=form_id).select_related("submitted_by", "saved_by").order_by("version")
    )
    lines, before = [], None
    for one in found:
        form = records.form(form_id, one.release)
        lines.append(VersionLine(one, content.differences(form, before.content, one.content) if before else ()))
        before = one
    return lines[::-1]


def signatures_of(record: Record) -> list[Signature]:
    """Who signed this version, oldest first."""
    return list(record.signatures.select_related("person"))


def names_of(people: Sequence[int]) -> list[str]:
    """Names of the people who wrote in a record."""
    return [str(one) for one in User.objects.filter(pk__in=people).order_by("display_name", "username")]
