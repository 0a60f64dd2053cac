"""Labels and information types: the lists, what they say about how sensitive data is, and what a person states."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from inventory.choices import DataLevel
from inventory.connectors import dictionaries, levels
from inventory.connectors.base import ListedLabel, ListedType, UnknownFormatError, Unreadable
from inventory.connectors.levels import LEVELS, Label
from inventory.models import AuditLogEntry, ChangedApplication, DailySensitive, InformationType, SensitivityLabel
from inventory.selectors import dictionary
from inventory.services.dictionary import state_level
from inventory.services.imports import Summary, import_file
from risk.method import load_method
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES, items, write

CARD = "50842eb7-edc8-4019-85dd-5a5c1f2bb085"


def label_id(number: int) -> str:
    return f"a1000000-0000-4000-8000-{number:012x}"


def ingest(name: str) -> Summary:
    found = import_file(actor=None, path=SAMPLES / name)
    assert found.rows == found.stored + found.duplicates + found.quarantined + found.ignored
    return found


def levels_stored() -> dict[str, str]:
    return dict(SensitivityLabel.objects.values_list("key", "level"))


# The parsers


def test_none() -> None:
    assert items((SAMPLES / "labels_none.csv").read_bytes(), "sensitivity_labels") == []


def test_a_list_as_the_command_writes_it() -> None:
    found = items((SAMPLES / "labels_many.csv").read_bytes(), "sensitivity_labels")
    assert len(found) == 8
    assert found[3] == ListedLabel(5, label_id(4), "Confidential", 3, "")
    assert found[4] == ListedLabel(6, label_id(5), "All employees", 4, label_id(4))


def test_a_list_as_graph_writes_it() -> None:
    found = items((SAMPLES / "labels_graph.json").read_bytes(), "sensitivity_labels")
    assert found[2] == ListedLabel(3, label_id(5), "All employees", 4, label_id(4))
    assert found[0].parent == ""


def test_odd_entries_are_read_or_named() -> None:
    found = items((SAMPLES / "labels_odd.csv").read_bytes(), "sensitivity_labels")
    assert found[0] == ListedLabel(3, label_id(9), '=HYPERLINK("x")', None, "")
    assert [type(one) for one in found[1:3]] == [Unreadable, Unreadable]
    assert found[3] == ListedLabel(6, label_id(11), "<script>alert(1)</script>", None, "")


def test_information_types() -> None:
    found = items((SAMPLES / "types_many.csv").read_bytes(), "information_types")
    assert found[0] == ListedType(2, CARD, "Credit Card Number")
    by_hand = "SensitiveInformationTypeId,SensitiveInformationTypeName\nX-1,Passport\n"
    assert items(by_hand, "information_types") == [ListedType(2, "x-1", "Passport")]


def test_a_list_of_people_is_no_dictionary() -> None:
    with pytest.raises(UnknownFormatError):
        items("id,name,department\n1,Ann,Lending\n")


def test_a_flood_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictionaries, "MOST_ENTRIES", 2)
    found = items((SAMPLES / "labels_many.csv").read_bytes())
    assert [type(one) for one in found] == [ListedLabel] * 2 + [Unreadable] * 6


@given(st.binary(max_size=200))
@pytest.mark.parametrize("header", [b"Priority,Name,Guid,ParentId\n", b"id,name,recommendedconfidence\n"])
def test_any_bytes_become_entries_or_quarantine(header: bytes, raw: bytes) -> None:
    assert all(isinstance(one, ListedLabel | ListedType | Unreadable) for one in items(header + raw))


# What names say


def test_the_levels_are_the_options_of_the_question() -> None:
    options = load_method().factors["data_sensitivity"].options
    assert sorted(options, key=lambda one: options[one]) == list(LEVELS) == DataLevel.values


def test_a_label_stands_as_high_as_its_name_its_parent_or_its_rank_says() -> None:
    found = items((SAMPLES / "labels_many.csv").read_bytes())
    got = levels.of_labels(Label(one.key, one.name, one.rank, one.parent) for one in found)
    assert [got[label_id(n)] for n in range(1, 9)] == [
        "none", "none", "internal", "confidential", "confidential",
        "special_category", "special_category", "special_category",
    ]  # fmt: skip


def test_without_any_hint_the_level_is_not_known() -> None:
    got = levels.of_labels([Label("a", "Falcon", 1, ""), Label("b", "Osprey", None, ""), Label("c", "Kite", 2, "a")])
    assert got == {"a": "", "b": "", "c": ""}


def test_what_is_stated_counts_and_carries_what_stands_under_and_above_it() -> None:
    got = levels.of_labels([Label("a", "Public", 1, "", "confidential"), Label("b", "Kite", 2, "a")])
    assert got == {"a": "confidential", "b": "confidential"}


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("Unrestricted", "none"),
        ("Non-Business", "none"),
        ("NonBusiness", "none"),
        ("Non-confidential", "none"),
        ("Not restricted", "none"),
        ("No personal data", "none"),
        ("Non-public", ""),
        ("Secretariat general", "internal"),
        ("Generalities", ""),
        ("Internal, not confidential", "internal"),
        ("Non-public personal information", "personal"),
        ("Confidential – non-business", "confidential"),
        ("Trade secrets", "special_category"),
        ("Highly_Confidential", "special_category"),
        ("HighlyConfidential", "special_category"),
        ("RESTRICTED/Board", "special_category"),
    ],
)
def test_labels_say_it_by_whole_words_that_are_not_denied(name: str, level: str) -> None:
    assert levels.of_labels([Label("a", name, None, "")]) == {"a": level}


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("Keyword list", "personal"),
        ("ICD-10-CM", "special_category"),
        ("Diseases", "special_category"),
        ("Credit Card Number", "personal"),
        ("All Medical Terms", "special_category"),
        ("Account Key", "confidential"),
    ],
)
def test_types_say_it_by_name(name: str, level: str) -> None:
    assert levels.of_type(name) == level


# Storing


@pytest.mark.django_db
def test_a_list_is_stored_once_and_a_later_one_changes_it(tmp_path: Path) -> None:
    first = ingest("labels_many.csv")
    assert (first.kind, first.stored, first.quarantined) == ("sensitivity_labels", 8, 0)
    again = ingest("labels_many.csv")
    assert (again.stored, again.duplicates) == (0, 8)
    assert levels_stored()[label_id(8)] == "special_category"
    renamed = write(tmp_path, "l.csv", f"Priority,DisplayName,Guid\n3,Internal use,{label_id(4)}\n")
    assert import_file(actor=None, path=renamed).stored == 1
    assert levels_stored()[label_id(4)] == "internal"
    assert levels_stored()[label_id(5)] == "internal"  # which stands under it


@pytest.mark.django_db
def test_types_are_stored_and_what_was_stated_stays() -> None:
    assert ingest("types_many.csv").stored == 3
    state_level(actor=None, what="type", key=CARD, level="confidential")
    assert ingest("types_many.csv").duplicates == 3
    assert InformationType.objects.get(pk=CARD).level == "confidential"
    state_level(actor=None, what="type", key=CARD, level="")
    assert InformationType.objects.get(pk=CARD).level == "personal"


@pytest.mark.django_db
def test_the_last_entry_of_an_id_counts(tmp_path: Path) -> None:
    text = f"Priority,DisplayName,Guid\n1,One,{label_id(1)}\n1,Two,{label_id(1)}\n"
    found = import_file(actor=None, path=write(tmp_path, "l.csv", text))
    assert (found.stored, found.duplicates) == (1, 1)
    assert SensitivityLabel.objects.get().name == "Two"


@pytest.mark.django_db
def test_names_stand_for_ids() -> None:
    ingest("labels_many.csv")
    ingest("types_many.csv")
    names = dictionary.names()
    assert names.label(label_id(5)).path == "Confidential › All employees"
    assert names.label("Confidential › all employees").key == label_id(5)
    assert names.label("All employees").level == ""  # two labels have that name
    assert names.type("credit card number").key == CARD
    assert names.label("f00").path == "f00"
    assert names.rank([label_id(3), "f00"], ["Credit Card Number"]) == LEVELS.index("personal")
    assert names.rank(["f00"], []) is None


# What an administrator states


@pytest.mark.django_db
def test_a_level_is_stated_by_who_administers(cast: Cast) -> None:
    ingest("labels_many.csv")
    application = make_application(cast.cards)
    DailySensitive.objects.create(
        application=application, day=timezone.localdate(), labels=[label_id(8)], digest=label_id(8), interactions=2
    )
    ChangedApplication.objects.all().delete()
    with pytest.raises(PermissionDenied):
        state_level(actor=cast.bob, what="label", key=label_id(8), level="internal")
    with pytest.raises(ValidationError):
        state_level(actor=cast.ada, what="label", key=label_id(8), level="huge")
    state_level(actor=cast.ada, what="label", key=label_id(8), level="internal")
    assert levels_stored()[label_id(8)] == "internal"
    assert ChangedApplication.objects.filter(application=application).exists()
    entry = AuditLogEntry.objects.get(action="sensitivity_label.level_stated")
    assert (entry.actor, entry.details["before"], entry.details["level"]) == (cast.ada, "special_category", "internal")
    assert ingest("labels_many.csv").stored == 0
    assert levels_stored()[label_id(8)] == "internal"
    state_level(actor=cast.ada, what="label", key=label_id(8), level="")
    assert levels_stored()[label_id(8)] == "special_category"


def test_the_page_meets_the_cast(client: Client, cast: Cast, django_assert_num_queries: Any, tmp_path: Path) -> None:
    page, level = reverse("inventory:dictionary"), reverse("inventory:dictionary_level", args=["label"])
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve):
        client.force_login(person)
        assert client.get(page).status_code == 403
        assert client.post(level, {"key": label_id(1)}).status_code == 403
    client.force_login(cast.ada)
    assert "No label list yet" in client.get(page).content.decode()
    ingest("labels_many.csv")
    ingest("labels_odd.csv")
    ingest("types_many.csv")
    shown = client.get(page).content.decode()
    assert "Confidential › All employees" in shown
    assert "<script>alert" not in shown
    answer = client.post(level, {"key": label_id(8), "level": "internal"}, follow=True).content.decode()
    assert "Project Falcon: internal." in answer
    assert "stated" in answer
    assert "Choose one" in client.post(level, {"key": label_id(8), "level": "x"}, follow=True).content.decode()
    assert client.post(level, {"key": "unheard"}).status_code == 404
    assert client.post(reverse("inventory:dictionary_level", args=["thing"])).status_code == 404
    assert "No information type fits" in client.get(page, {"q": "zzz"}).content.decode()


def test_a_long_dictionary_costs_the_same_queries(
    client: Client, cast: Cast, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    client.force_login(cast.ada)
    ingest("labels_many.csv")
    client.get(reverse("inventory:dictionary"))
    with django_assert_max_num_queries(20) as few:
        client.get(reverse("inventory:dictionary"))
    rows = [{"id": f"x-{n}", "name": f"Label {n}", "sensitivity": n + 9, "isActive": True} for n in range(60)]
    import_file(actor=None, path=write(tmp_path, "labels.json", json.dumps({"value": rows})))
    with django_assert_max_num_queries(len(few)):
        assert "Label 59" in client.get(reverse("inventory:dictionary")).content.decode()
