"""Registering, changing and identifying applications."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from inventory.choices import ApplicationKind, Lifecycle, Origin
from inventory.models import AuditLogEntry, ChangedApplication, Identifier
from inventory.services import applications, lifecycle
from inventory.services.numbering import next_external_ids
from tests.builders import make_application
from tests.cast import Cast

FOUR: dict[str, Any] = {"name": "CV Screener", "purpose": "Ranks applicants.", "kind": ApplicationKind.AGENT}


def changed() -> set[int]:
    return set(ChangedApplication.objects.values_list("pk", flat=True))


def test_four_fields_are_enough(cast: Cast) -> None:
    app = applications.register_application(actor=cast.alice, department=cast.retail, **FOUR)
    assert app.external_id == "AI-00001"
    assert (app.lifecycle, app.origin, app.owner) == (Lifecycle.IDEA, Origin.IN_HOUSE, None)
    entry = AuditLogEntry.objects.get(action="application.registered")
    assert (entry.actor, entry.object_id, entry.department) == (cast.alice, str(app.pk), cast.retail)
    assert entry.details["after"]["department"] == "retail"
    assert changed() == {app.pk}


def test_a_vendor_makes_the_origin(cast: Cast) -> None:
    app = applications.register_application(actor=None, department=cast.retail, vendor="Acme", **FOUR)
    assert app.origin == Origin.VENDOR


def test_numbers_go_on_and_step_over_those_chosen_by_hand(cast: Cast) -> None:
    make_application(cast.retail)
    make_application(cast.retail, external_id="AI-00003")
    make_application(cast.retail, external_id="X-9")
    assert next_external_ids(2) == ["AI-00004", "AI-00005"]
    make_application(cast.retail, external_id="AI-00001-b")
    made = [make_application(cast.retail).external_id for _ in range(3)]
    assert made == ["AI-00004", "AI-00005", "AI-00006"]


def test_numbers_step_over_a_taken_block(cast: Cast) -> None:
    for number in range(2, 9):
        make_application(cast.retail, external_id=f"AI-{number:05d}")
    make_application(cast.retail, external_id="AI-00001")  # the newest number is not the highest
    assert next_external_ids(2) == ["AI-00009", "AI-00010"]


@pytest.mark.parametrize("who", ["carol", "dan", "eve"])
def test_who_may_not_edit_registers_nothing(cast: Cast, who: str) -> None:
    with pytest.raises(PermissionDenied):
        applications.register_application(actor=getattr(cast, who), department=cast.retail, **FOUR)
    assert not AuditLogEntry.objects.filter(action="application.registered").exists()


def test_rights_reach_down_the_tree_and_not_sideways(cast: Cast) -> None:
    applications.register_application(actor=cast.alice, department=cast.cards, **FOUR)
    with pytest.raises(PermissionDenied):
        applications.register_application(actor=cast.alice, department=cast.treasury, **FOUR)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("name", "x" * 201), ("name", "a\x00b"), ("purpose", ""), ("kind", "robot"), ("lifecycle", "dead")],
)
def test_wrong_values_are_named_by_field(cast: Cast, field: str, value: str) -> None:
    with pytest.raises(ValidationError) as problems:
        applications.register_application(actor=None, department=cast.retail, **{**FOUR, field: value})
    assert list(problems.value.message_dict) == [field]


def test_an_external_id_is_given_once(cast: Cast) -> None:
    make_application(cast.retail, external_id="X-1")
    with pytest.raises(ValidationError) as problems:
        make_application(cast.retail, external_id="X-1")
    assert "external_id" in problems.value.message_dict


def test_markup_and_formulas_are_stored_as_they_are(cast: Cast) -> None:
    name = '=HYPERLINK("x")<script>alert(1)</script>'
    assert make_application(cast.retail, name).name == name


def test_a_change_is_logged_with_before_and_after(cast: Cast) -> None:
    app = make_application(cast.retail, "Old")
    ChangedApplication.objects.all().delete()
    applications.update_application(actor=cast.bob, application=app, name="New", owner=cast.alice, vendor="")
    entry = AuditLogEntry.objects.get(action="application.updated")
    assert entry.details["changes"] == {"name": ["Old", "New"], "owner": [None, "alice"]}
    assert changed() == {app.pk}


def test_no_change_writes_nothing(cast: Cast) -> None:
    app = make_application(cast.retail, "Same")
    ChangedApplication.objects.all().delete()
    applications.update_application(actor=cast.alice, application=app, name="Same ")
    assert not AuditLogEntry.objects.filter(action="application.updated").exists()
    assert not changed()


def test_moving_needs_the_right_in_both_departments(cast: Cast) -> None:
    app = make_application(cast.retail)
    applications.update_application(actor=cast.alice, application=app, department=cast.cards)
    with pytest.raises(PermissionDenied):
        applications.update_application(actor=cast.alice, application=app, department=cast.treasury)


def test_the_life_cycle_has_steps(cast: Cast) -> None:
    app = make_application(cast.retail, lifecycle=Lifecycle.RETIRED)
    with pytest.raises(ValidationError, match=r"From Retired it can't go to Live\. Possible: Idea, In review"):
        applications.update_application(actor=None, application=app, lifecycle=Lifecycle.LIVE)
    applications.update_application(actor=None, application=app, lifecycle=Lifecycle.IN_REVIEW)
    for state, following in lifecycle.NEXT_LIFECYCLES.items():
        assert state not in following
        assert set(following) <= set(Lifecycle.values)


def test_owner_and_deputy_are_two_people(cast: Cast) -> None:
    with pytest.raises(ValidationError) as problems:
        make_application(cast.retail, owner=cast.alice, deputy=cast.alice)
    assert "deputy" in problems.value.message_dict


def test_identifiers_are_the_whole_set(cast: Cast) -> None:
    app = make_application(cast.retail, identifiers=[("host", "a.example"), ("agent_id", "X:1")])
    ChangedApplication.objects.all().delete()
    result = applications.set_identifiers(
        actor=cast.alice, application=app, identifiers=[("host", "A.EXAMPLE "), ("repository", "r")]
    )
    assert result == (1, 1)
    assert set(app.identifiers.values_list("kind", "folded")) == {("host", "a.example"), ("repository", "r")}
    entry = AuditLogEntry.objects.get(action="application.identifiers_set")
    assert entry.details == {"added": ["repository:r"], "removed": ["agent_id:X:1"]}
    assert changed() == {app.pk}


def test_an_identifier_belongs_to_one_application(cast: Cast) -> None:
    make_application(cast.cards, "Holder", identifiers=[("host", "a.example")])
    app = make_application(cast.retail)
    with pytest.raises(ValidationError, match="already belongs to AI-00001 Holder"):
        applications.add_identifier(actor=cast.alice, application=app, kind="host", value="A.example")
    applications.add_identifier(actor=cast.alice, application=app, kind="copilot_host", value="a.example")


def test_a_holder_out_of_sight_is_not_named(cast: Cast) -> None:
    make_application(cast.treasury, "Secret", identifiers=[("host", "a.example")])
    app = make_application(cast.retail)
    with pytest.raises(ValidationError) as problems:
        applications.add_identifier(actor=cast.alice, application=app, kind="host", value="a.example")
    assert problems.value.messages == ["Host or domain “a.example” already belongs to another application."]


def test_one_identifier_comes_and_goes(cast: Cast) -> None:
    app = make_application(cast.retail)
    assert applications.add_identifier(actor=cast.alice, application=app, kind="host", value="a.example")
    assert not applications.add_identifier(actor=cast.alice, application=app, kind="host", value="a.example")
    pk = app.identifiers.get().pk
    assert applications.remove_identifier(actor=cast.alice, application=app, identifier=pk)
    assert not applications.remove_identifier(actor=cast.alice, application=app, identifier=pk)
    with pytest.raises(PermissionDenied):
        applications.add_identifier(actor=cast.dan, application=app, kind="host", value="b.example")


@pytest.mark.parametrize("pair", [("hosts", "x"), ("host", "  "), ("host", "x" * 501), ("host", "a\x00")])
def test_unreadable_identifiers_are_refused(cast: Cast, pair: tuple[str, str]) -> None:
    app = make_application(cast.retail)
    with pytest.raises(ValidationError):
        applications.set_identifiers(actor=None, application=app, identifiers=[pair])
    assert not Identifier.objects.exists()
