"""Written records: versions, freezing, signatures of people who did not write them, and what makes them due again."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from inventory.choices import RoleKind
from inventory.models import AIApplication, AuditLogEntry, User
from inventory.services import applications
from risk import records as forms
from risk.choices import RecordState
from risk.method import load_method
from risk.models import Record
from risk.records.content import Sent, differences, goals, merged, missing
from risk.records.due import changed_since, due_on, unsigned
from risk.selectors.records import standing, versions_of
from risk.services import assessments, records
from tests.builders import make_user
from tests.cast import Cast
from tests.risk.written import COMPLETE, EXEMPTION, write

TODAY = timezone.localdate()


@pytest.fixture
def reviewers(cast: Cast) -> tuple[User, User]:
    return cast.bob, make_user("rita", (RoleKind.REVIEWER, cast.retail))


def now(application: AIApplication, form: str = "impact"):
    answers = dict(application.answers.values_list("question", "value"))
    return standing(AIApplication.objects.get(pk=application.pk), form, answers, TODAY)


def test_a_first_draft_begins_with_what_the_register_knows(cast: Cast, application: AIApplication) -> None:
    draft = records.start(actor=cast.alice, application=application, form="impact")
    assert (draft.version, draft.state) == (1, RecordState.DRAFT)
    assert draft.content["name"] == "Card helper"
    assert draft.content["purpose"] == application.purpose
    assert draft.content["authors"] == "Alice"
    with pytest.raises(ValidationError, match="being written"):
        records.start(actor=cast.alice, application=application, form="impact")


def test_what_is_missing_is_named_and_a_complete_one_freezes(cast: Cast, application: AIApplication) -> None:
    draft = records.start(actor=cast.alice, application=application, form="impact")
    with pytest.raises(ValidationError) as refused:
        records.submit(actor=cast.alice, record=draft)
    assert any("Restricted uses: what was checked" in text for text in refused.value.messages)
    write(cast.alice, draft)
    submitted = records.submit(actor=cast.alice, record=draft)
    assert submitted.state == RecordState.SUBMITTED
    assert submitted.basis["purpose"]["purpose"] == application.purpose
    with pytest.raises(ValidationError, match="frozen"):
        records.save(actor=cast.alice, record=draft, section="system", values={"name": "Other"})


def test_the_same_again_is_neither_written_nor_logged(cast: Cast, application: AIApplication) -> None:
    draft = records.start(actor=cast.alice, application=application, form="impact")
    for _ in range(2):
        records.save(actor=cast.alice, record=draft, section="data", values={"requirements": "Letters of a year."})
    assert AuditLogEntry.objects.filter(action="record.saved").count() == 1


def test_one_signature_is_enough_without_a_trigger(
    cast: Cast, application: AIApplication, reviewers: tuple[User, User]
) -> None:
    one = write(cast.alice, records.start(actor=cast.alice, application=application, form="impact"))
    records.submit(actor=cast.alice, record=one)
    assert records.sign(actor=reviewers[0], record=one, agrees=True).state == RecordState.APPROVED
    assert now(application).current == one
    assert not now(application).due


def test_a_sensitive_use_takes_two_people_who_did_not_write_it(
    cast: Cast, application: AIApplication, reviewers: tuple[User, User]
) -> None:
    first, second = reviewers
    one = records.start(actor=cast.alice, application=application, form="impact")
    write(cast.alice, one, sensitive_legal="yes")
    records.save(actor=first, record=one, section="data", values={"requirements": "Bob wrote this."})
    records.submit(actor=cast.alice, record=one)
    with pytest.raises(ValidationError, match="You wrote in this record"):
        records.sign(actor=first, record=one, agrees=True)
    with pytest.raises(PermissionDenied):
        records.sign(actor=cast.alice, record=one, agrees=True)
    assert records.sign(actor=second, record=one, agrees=True).state == RecordState.SUBMITTED
    with pytest.raises(ValidationError, match="signed this version already"):
        records.sign(actor=second, record=one, agrees=True)
    assert now(application).unsigned
    assert records.sign(actor=cast.ada, record=one, agrees=True).state == RecordState.APPROVED
    assert not now(application).unsigned
    said = list(AuditLogEntry.objects.filter(action__startswith="record.").values_list("action", flat=True))
    assert {"record.submitted", "record.signed", "record.approved"} <= set(said)


def test_sent_back_with_a_reason_a_new_version_begins_with_its_text(
    cast: Cast, application: AIApplication, reviewers: tuple[User, User]
) -> None:
    one = write(cast.alice, records.start(actor=cast.alice, application=application, form="impact"))
    records.submit(actor=cast.alice, record=one)
    with pytest.raises(ValidationError, match="Say why"):
        records.sign(actor=reviewers[0], record=one, agrees=False)
    assert records.sign(actor=reviewers[0], record=one, agrees=False, note="Say who oversees.").state == "returned"
    again = records.start(actor=cast.alice, application=application, form="impact")
    assert (again.version, again.content) == (2, Record.objects.get(pk=one.pk).content)
    records.save(actor=cast.alice, record=again, section="data", values={"requirements": "Now more."})
    newest = versions_of(application, "impact")[0]
    assert [(d.before, d.after) for d in newest.differences] == [(COMPLETE["data"]["requirements"], "Now more.")]


@pytest.mark.parametrize("end", ["withdrawn", "returned", "approved"])
@pytest.mark.parametrize("sensitive", ["no", "yes"])
def test_who_wrote_or_submitted_a_text_never_signs_it_as_a_later_version(
    cast: Cast, application: AIApplication, end: str, sensitive: str
) -> None:
    """Bob writes, Ada submits, Rolf ends it in one way or another; Alice hands the same text in again."""
    rolf, rosa = (make_user(name, (RoleKind.REVIEWER, cast.retail)) for name in ("rolf", "rosa"))
    one = write(cast.bob, records.start(actor=cast.bob, application=application, form="impact"))
    records.save(actor=cast.bob, record=one, section="adverse", values={"sensitive_legal": sensitive})
    records.submit(actor=cast.ada, record=one)
    if end == "withdrawn":
        records.withdraw(actor=cast.alice, record=one, reason="Once more.")
    elif end == "returned":
        records.sign(actor=rolf, record=one, agrees=False, note="Once more.")
    else:
        for person in (rolf, rosa)[: 1 + (sensitive == "yes")]:
            records.sign(actor=person, record=one, agrees=True)
    again = records.start(actor=cast.alice, application=application, form="impact")
    records.submit(actor=cast.alice, record=again)
    for person in (cast.bob, cast.ada):
        with pytest.raises(ValidationError, match="wrote in this record"):
            records.sign(actor=person, record=again, agrees=True)
    assert records.sign(actor=rolf, record=again, agrees=True).state == (
        RecordState.SUBMITTED if sensitive == "yes" else RecordState.APPROVED
    )


def test_every_version_of_a_record_is_kept(cast: Cast, application: AIApplication) -> None:
    one = write(cast.alice, records.start(actor=cast.alice, application=application, form="impact"))
    records.submit(actor=cast.alice, record=one)
    records.withdraw(actor=cast.alice, record=one, reason="Wrong file.")
    events = Record.pgh_event_model.objects.filter(pgh_obj_id=one.pk)  # type: ignore[attr-defined]
    assert {"draft", "submitted", "withdrawn"} <= set(events.values_list("state", flat=True))


# Due again


def approved(cast: Cast, application: AIApplication, form: str = "impact", **changes: Any) -> Record:
    one = write(cast.alice, records.start(actor=cast.alice, application=application, form=form), **changes)
    records.submit(actor=cast.alice, record=one)
    records.sign(actor=cast.bob, record=one, agrees=True)
    return Record.objects.get(pk=one.pk)


@pytest.mark.parametrize(
    ("answers", "fields", "said"),
    [
        ({"technology": "agentic"}, {}, "the model or its supplier changed (technology)"),
        ({"data_sensitivity": "personal"}, {}, "the data changed (data sensitivity)"),
        ({}, {"purpose": "Decides on loans."}, "the purpose or those affected changed (purpose)"),
        ({"app.third_country_transfer": True}, {}, "the region changed"),
        ({"scale": "over_1m"}, {"name": "Another name"}, ""),
    ],
)
def test_it_is_due_again_when_what_it_rests_on_changes(
    cast: Cast, application: AIApplication, answers: dict, fields: dict, said: str
) -> None:
    approved(cast, application)
    assert not now(application).due
    assessments.save_answers(actor=cast.alice, application=application, answers=answers)
    applications.update_application(actor=cast.alice, application=application, **fields)
    assert (said in " ".join(now(application).due)) if said else not now(application).due


def test_it_is_due_again_after_a_year(cast: Cast, application: AIApplication) -> None:
    one = approved(cast, application)
    Record.objects.filter(pk=one.pk).update(closed_at=timezone.now() - timedelta(days=367))
    assert "12 months have passed" in now(application).due[0]
    form = forms.form("impact")
    assert due_on(form, date(2025, 1, 31)) == date(2026, 1, 31)
    assert due_on(form.model_copy(update={"review_months": 1}), date(2026, 1, 31)) == date(2026, 2, 28)
    assert not changed_since(form, {}, {"data": {"x": 1}})


# Triggers cannot be got round


@pytest.mark.parametrize(
    ("versions", "left"),
    [
        ([], []),
        ([("draft", ["s"])], ["s"]),
        ([("draft", [])], []),
        ([("submitted", ["s"])], ["s"]),
        ([("approved", ["s"])], []),
        ([("returned", ["s"]), ("draft", [])], ["s"]),
        ([("withdrawn", ["s"]), ("submitted", [])], ["s"]),
        ([("returned", ["s"]), ("submitted", ["r"])], ["s", "r"]),
        ([("returned", ["s"]), ("withdrawn", []), ("returned", []), ("draft", [])], ["s"]),
        ([("approved", ["r"]), ("returned", ["s"]), ("submitted", ["r"])], ["s"]),
        ([("withdrawn", ["s"]), ("approved", [])], []),
        ([("approved", ["s"]), ("draft", ["s"])], []),
        ([("approved", ["s"]), ("submitted", ["s", "r"])], ["r"]),
        ([("approved", ["s"]), ("approved", []), ("draft", ["s"])], ["s"]),
    ],
)
def test_what_is_still_unsigned(versions: list, left: list) -> None:
    assert unsigned(versions) == left


# The two records of the law


def test_an_exemption_is_refused_unless_profiling_is_clearly_ruled_out(cast: Cast, application: AIApplication) -> None:
    one = write(cast.alice, records.start(actor=cast.alice, application=application, form="exemption"))
    for profiling in (None, True):
        assessments.save_answers(
            actor=cast.alice, application=application, answers={"profiling": profiling, "significant_risk": False}
        )
        with pytest.raises(ValidationError, match="profiles people"):
            records.submit(actor=cast.alice, record=one)
    assessments.save_answers(actor=cast.alice, application=application, answers={"profiling": False})
    records.submit(actor=cast.alice, record=one)
    assert records.sign(actor=cast.bob, record=one, agrees=True).state == RecordState.APPROVED


def test_what_was_told_to_the_authority_is_noted_once_it_is_approved(cast: Cast, application: AIApplication) -> None:
    one = write(cast.alice, records.start(actor=cast.alice, application=application, form="fundamental_rights"))
    with pytest.raises(ValidationError, match="approved record"):
        records.report(actor=cast.alice, record=one, on=TODAY, reference="MSA-1")
    records.submit(actor=cast.alice, record=one)
    records.sign(actor=cast.bob, record=one, agrees=True)
    with pytest.raises(ValidationError, match="still to come"):
        records.report(actor=cast.alice, record=one, on=TODAY + timedelta(1), reference="MSA-1")
    told = records.report(actor=cast.alice, record=one, on=TODAY, reference="MSA-1")
    assert (told.reported_on, told.reported_as) == (TODAY, "MSA-1")


# What may be written


def sent(form: str, section: str, values: dict) -> dict:
    """The problems of a section as it was sent."""
    one = Sent(load_method())
    one.section(next(s for s in forms.form(form).sections if s.id == section), values)
    return one.problems


@pytest.mark.parametrize(
    ("section", "values", "name"),
    [
        ("system", {"name": "x" * 301}, "name"),
        ("system", {"description": "x" * 8001}, "description"),
        ("system", {"description": "a\x00b"}, "description"),
        ("system", {"stages": [{"stage": "nowhere"}]}, "stages-0-stage"),
        ("system", {"stages": [{"from": "22.11.2026"}]}, "stages-0-from"),
        ("system", {"stages": [{"from": "2026-01-01"}] * 11}, "stages"),
        ("system", {"deployment": ["by pigeon"]}, "deployment"),
        ("adverse", {"sensitive_legal": "maybe"}, "sensitive_legal"),
        ("use", {"humans": "none at all"}, "humans"),
        ("summary", {"harms": [{"goals": "A9"}]}, "harms-0-goals"),
        ("summary", {"harms": [{"controls": "ZZ-99"}]}, "harms-0-controls"),
        ("summary", {"goals": {"A1": {"applies": "perhaps"}}}, "goals-A1-applies"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(section: str, values: dict, name: str) -> None:
    assert list(sent("impact", section, values)) == [name]


def test_removing_a_use_removes_its_page_and_keeps_the_others() -> None:
    form = forms.form("impact")
    uses, use = (next(s for s in form.sections if s.id == name) for name in ("uses", "use"))
    content = merged(form, uses, {}, {"uses": [{"who": "a"}, {"who": "b"}]}, None)
    content = merged(form, use, content, {"fit": "for b"}, 1)
    content = merged(form, uses, content, {"uses": [{"who": "b", "row": 1}, {"who": "c"}]}, None)
    assert content["uses"] == [{"who": "b", "fit": "for b"}, {"who": "c"}]
    assert [d.after for d in differences(form, {}, content)] == ["b", "c", "for b"]


def test_goals_are_those_of_the_standard_and_each_wants_a_reason() -> None:
    known = goals(load_method())
    assert len(known) == 17
    form = forms.form("impact")
    half = {"goals": {key: {"applies": "yes", "why": ""} for key in known}}
    assert any("Goals of the Responsible AI Standard" in text for text in missing(form, half, load_method()))
    assert EXEMPTION["record"]["condition"] == ["procedural"]


def test_who_may_write_and_who_may_sign(cast: Cast, application: AIApplication) -> None:
    for person in (cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            records.start(actor=person, application=application, form="impact")
    one = write(cast.alice, records.start(actor=cast.alice, application=application, form="impact"))
    records.submit(actor=cast.alice, record=one)
    for person in (cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            records.sign(actor=person, record=one, agrees=True)
