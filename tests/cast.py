"""The cast, whom each page meets.

Alice owns (team member of Retail), Bob reviews (reviewer of Retail), Carol leads (leader of Retail), Dan audits
(auditor of the organisation), Eve must see nothing (leader of Treasury), Ada administers.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from inventory.choices import RoleKind
from inventory.models import Department, User
from tests.builders import make_department, make_user


@dataclass(frozen=True)
class Cast:
    root: Department
    retail: Department
    cards: Department  # below retail
    treasury: Department
    alice: User
    bob: User
    carol: User
    dan: User
    eve: User
    ada: User


@pytest.fixture
def cast(db: None, stage: dict[str, Any]) -> Cast:
    """The cast: of the stage that the test stands on, else made for it."""
    found: Cast = stage["cast"] if "cast" in stage else make_cast()
    return found


def make_cast() -> Cast:
    root = Department.objects.root()
    retail = make_department("Retail Banking", key="retail")
    treasury = make_department("Treasury", key="treasury")
    return Cast(
        root=root,
        retail=retail,
        cards=make_department("Cards", retail, key="cards"),
        treasury=treasury,
        alice=make_user("alice", (RoleKind.TEAM_MEMBER, retail)),
        bob=make_user("bob", (RoleKind.REVIEWER, retail)),
        carol=make_user("carol", (RoleKind.LEADER, retail)),
        dan=make_user("dan", (RoleKind.AUDITOR, root)),
        eve=make_user("eve", (RoleKind.LEADER, treasury)),
        ada=make_user("ada", (RoleKind.ADMINISTRATOR, root)),
    )
