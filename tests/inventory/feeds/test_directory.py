"""A user list that comes later: it moves what was Unassigned, and nothing else."""

from collections import Counter
from collections.abc import Callable
from datetime import time
from pathlib import Path

import pytest
from django.db.models import Sum

from inventory.models import DailySensitive, DailyUsage, DailyUser, DirectoryUser, Interaction, SeenUser
from inventory.services.imports import Summary, import_file
from inventory.services.pseudonyms import pseudonym
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import LABEL, audit_text, days_ago, record, users_text, write

pytestmark = pytest.mark.django_db
Load = Callable[..., Summary]
ANN, BO = "ann@alderfinch.example", "bo@alderfinch.example"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def read(*, users: list[tuple[str, ...]] | None = None, records: list[dict] | None = None) -> Summary:
        text = users_text(*users) if users is not None else audit_text(*(records or []))
        return import_file(actor=None, path=write(tmp_path, "feed.csv", text))

    return read


def consistent() -> None:
    """The daily tables agree with the single interactions."""
    singles = Counter(
        (i.application_id, i.sighting_id, i.department_id, i.at.date()) for i in Interaction.objects.all()
    )
    assert singles == {
        (u.application_id, u.sighting_id, u.department_id, u.day): u.interactions for u in DailyUsage.objects.all()
    }
    off_hours = Counter(
        (i.application_id, i.sighting_id, i.department_id, i.at.date())
        for i in Interaction.objects.filter(uploaded=None)
        if i.at.isoweekday() > 5 or not time(7) <= i.at.time() < time(19)
    )
    assert +off_hours == {
        (u.application_id, u.sighting_id, u.department_id, u.day): u.off_hours
        for u in DailyUsage.objects.all()
        if u.off_hours
    }
    files: Counter[tuple] = Counter()
    for i in Interaction.objects.exclude(files=None):
        files[i.application_id, i.sighting_id, i.department_id, i.at.date(), "read"] += i.files or 0
        files[i.application_id, i.sighting_id, i.department_id, i.at.date(), "bare"] += i.unlabelled or 0
    assert +files == +Counter(
        {
            (u.application_id, u.sighting_id, u.department_id, u.day, what): n
            for u in DailyUsage.objects.all()
            for what, n in (("read", u.files), ("bare", u.unlabelled))
        }
    )
    people = {
        (i.application_id, i.sighting_id, i.department_id, i.at.date(), i.pseudonym)
        for i in Interaction.objects.exclude(pseudonym=None)
    }
    rows = [(u.application_id, u.sighting_id, u.department_id, u.day, u.pseudonym) for u in DailyUser.objects.all()]
    assert sorted(map(str, people)) == sorted(map(str, rows))
    users = Counter(row[:4] for row in rows)
    assert {key: n for key, n in users.items() if n} == {
        (u.application_id, u.sighting_id, u.department_id, u.day): u.users for u in DailyUsage.objects.all() if u.users
    }
    sensitive = Interaction.objects.exclude(labels=None, information_types=None).count()
    assert (DailySensitive.objects.aggregate(n=Sum("interactions"))["n"] or 0) == sensitive
    assert (DailyUsage.objects.aggregate(n=Sum("sensitive"))["n"] or 0) == sensitive


def test_only_unassigned_rows_move(load: Load, cast: Cast) -> None:
    load(users=[(ANN, "Ann", "oid-ann", "Treasury")])
    marked = {"AccessedResources": [{"SensitivityLabelId": LABEL, "Type": "docx"}, {"Type": "PDF"}, {"Type": "pdf"}]}
    load(records=[record(UserId=ANN, event=marked), record(UserId=BO, event=marked), record(UserId=BO)])
    assert DailyUsage.objects.get(department=None).files == 3
    load(users=[(ANN, "Ann", "oid-ann", "Retail"), (BO, "Bo", "oid-bo", "Retail")])
    found = DailyUsage.objects.values_list("department__key", "interactions", "users", "sensitive")
    assert set(found) == {("treasury", 1, 1, 1), ("retail", 2, 1, 1)}
    assert set(DailyUsage.objects.values_list("department__key", "files", "unlabelled")) == {
        *[("treasury", 3, 2), ("retail", 3, 2)]
    }
    consistent()
    load(records=[record(UserId=ANN)])
    assert set(
        Interaction.objects.filter(pseudonym=pseudonym("oid-ann")).values_list("department__key", flat=True)
    ) == {
        "treasury",
        "retail",
    }
    consistent()


def test_one_person_stays_one_when_their_object_id_becomes_known(load: Load, cast: Cast) -> None:
    load(records=[record(UserId=BO), record(UserId=BO, CreationTime=days_ago(2))])
    assert SeenUser.objects.get().name == BO
    load(users=[(BO, "Bo", "oid-bo", "")])  # still without a department
    load(records=[record(UserId="OID-BO"), record(UserId=BO)])
    assert {str(p) for p in Interaction.objects.values_list("pseudonym", flat=True)} == {pseudonym("oid-bo")}
    assert list(DailyUsage.objects.order_by("day").values_list("users", flat=True)) == [1, 1]
    assert not SeenUser.objects.exists()
    consistent()
    load(users=[(BO, "Bo", "oid-bo", "Retail")])
    assert set(DailyUsage.objects.values_list("department__key", flat=True)) == {"retail"}
    consistent()


def test_a_list_by_name_alone_then_with_object_ids_is_one_person(load: Load, cast: Cast) -> None:
    load(users=[(ANN, "Ann", "", "Retail")])
    load(records=[record(UserId=ANN)])
    load(users=[(ANN, "Ann", "oid-ann", "Retail")])
    load(records=[record(UserId="oid-ann")])
    assert (DirectoryUser.objects.count(), DailyUser.objects.count()) == (1, 1)
    consistent()
    again = load(users=[(ANN, "Ann", "", "Retail")])
    assert (again.stored, again.duplicates) == (0, 1)
    assert DirectoryUser.objects.get().object_id == "oid-ann"


def test_stored_is_new_or_changed_and_a_second_row_of_a_person_is_a_duplicate(load: Load, cast: Cast) -> None:
    people = [(ANN, "Ann", "1", "Retail"), (BO, "Bo", "2", "Retail"), (BO, "Bo again", "2", "Treasury")]
    first = load(users=people)
    assert (first.rows, first.stored, first.duplicates) == (3, 2, 1)
    second = load(users=people)
    assert (second.stored, second.duplicates) == (0, 3)
    third = load(users=[(ANN, "Ann", "1", "Treasury"), (BO, "Bo", "2", "retail")])
    assert (third.stored, third.duplicates) == (1, 1)
    assert DirectoryUser.objects.get(object_id="1").department == cast.treasury


def test_a_name_goes_to_the_account_that_has_it_now(load: Load, cast: Cast) -> None:
    load(users=[(ANN, "Ann", "old", "Retail")])
    load(users=[(ANN, "Ann", "new", "Treasury")])
    load(records=[record(UserId=ANN), record(UserId="old")])
    assert Counter(Interaction.objects.values_list("department__key", flat=True)) == {"treasury": 1, "retail": 1}


def test_who_the_list_no_longer_names_keeps_their_department(load: Load, cast: Cast) -> None:
    load(users=[(ANN, "Ann", "1", "Retail"), (BO, "Bo", "2", "Retail")])
    load(users=[(BO, "Bo", "2", "Retail")])
    load(records=[record(UserId=ANN)])
    assert Interaction.objects.get().department == cast.retail


def test_a_list_moves_what_a_matched_application_saw_too(load: Load, cast: Cast) -> None:
    application = make_application(cast.cards, identifiers=[("copilot_host", "Word")])
    load(records=[record(UserId=BO), record(UserId=BO)])
    load(users=[(BO, "Bo", "2", "Treasury")])
    usage = DailyUsage.objects.get()
    assert (usage.application, usage.department, usage.interactions) == (application, cast.treasury, 2)
    consistent()


def test_two_rows_of_one_name_are_one_person(load: Load, cast: Cast) -> None:
    found = load(users=[(ANN, "Ann", "oid-ann", "Treasury"), (ANN, "Ann again", "", "Treasury")])
    assert (found.rows, found.stored, found.duplicates) == (2, 1, 1)


def test_a_name_that_moved_on_belongs_to_who_has_it_now(load: Load, cast: Cast) -> None:
    load(users=[(BO, "Ann under another name", "oid-ann", "Treasury")])
    found = load(users=[(ANN, "Ann", "oid-ann", "Treasury"), (BO, "Bo", "", "Retail")])
    assert (found.rows, found.stored + found.duplicates) == (2, 2)
    people = set(DirectoryUser.objects.values_list("upn", "object_id"))
    assert people == {(ANN, "oid-ann"), (BO, "")}
