"""A small estate, registered, answered, used and judged through the services: what the roof's tests look at."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from django.utils import timezone

from inventory.choices import AlertState, ApplicationKind, Lifecycle, Severity
from inventory.models import AIApplication, Alert, DailyPeople, DailySensitive, DailyUsage, Department, Sighting
from risk.choices import ControlStatus
from risk.scoring.vocabulary import PROVEN
from risk.services import assessments, controls, scores
from tests.builders import make_application
from tests.cast import Cast
from tests.risk.evidence import proof

SPACE = UUID(int=7)
GRAVE = {
    "data_sensitivity": "special_category",
    "consequence": "rights_or_livelihood",
    "scale": "over_1m",
    "people": "public",
    "autonomy": "acts_alone",
    "ai_system": True,
    "union_nexus": True,
    "role": ["uses"],
    "app.personal_data": True,
}
HARMLESS = {
    "data_sensitivity": "internal",
    "consequence": "none",
    "scale": "under_100",
    "people": "employees",
    "autonomy": "suggests",
    "exposure": "named_users",
    "technology": "generative",
    "novelty": "over_1y",
    "input_trust": "curated",
}


@dataclass(frozen=True)
class Estate:
    """The cast with their applications. `hostile` has a name that a spreadsheet would run and a page must escape."""

    cast: Cast
    scorer: AIApplication  # cards, live, grave
    summariser: AIApplication  # retail, live, harmless
    hostile: AIApplication  # treasury, live
    draft: AIApplication  # retail, an idea: counted nowhere
    chat: Sighting  # used in retail, not registered


@pytest.fixture
def estate(cast: Cast, stage: dict[str, Any]) -> Estate:
    """The estate: of the stage that the test stands on, else made for it."""
    found: Estate = stage["estate"] if "estate" in stage else make_estate(cast)
    return found


def make_estate(cast: Cast) -> Estate:
    estate = Estate(
        cast=cast,
        scorer=make_application(cast.cards, "Credit Scorer", kind=ApplicationKind.MODEL, owner=cast.alice),
        summariser=make_application(cast.retail, "Letter Summariser", kind=ApplicationKind.COPILOT),
        hostile=make_application(cast.treasury, '=HYPERLINK("x")<b>', purpose="-1 of +2, @all"),
        draft=make_application(cast.retail, "Draft", lifecycle=Lifecycle.IDEA),
        chat=Sighting.objects.create(
            name="Chat Elsewhere", folded="chat elsewhere", first_seen=timezone.now(), last_seen=timezone.now()
        ),
    )
    today = timezone.localdate()
    for application, answers in ((estate.scorer, GRAVE), (estate.summariser, HARMLESS), (estate.draft, GRAVE)):
        assessments.save_answers(actor=None, application=application, answers=answers)
    state(estate.scorer, "GV-01", ControlStatus.EVIDENCED)
    state(estate.scorer, "PR-01", ControlStatus.NOT_STARTED, due=today - timedelta(days=3))
    state(estate.scorer, "DA-02", ControlStatus.IN_PROGRESS)
    state(estate.summariser, "GV-04", ControlStatus.VERIFIED)
    use(estate.scorer, cast.cards, 0, people=2, interactions=9, sensitive=3)
    use(estate.scorer, cast.treasury, 1, people=1, interactions=4)
    use(estate.summariser, cast.retail, 40, people=1, interactions=100)  # before the last 30 days
    use(estate.chat, cast.retail, 2, people=2, interactions=7, sensitive=1)
    use(estate.chat, None, 3, people=1, interactions=5)
    alert(estate.scorer, Severity.HIGH, AlertState.NEW)
    alert(estate.scorer, Severity.LOW, AlertState.RESOLVED)
    alert(None, Severity.MEDIUM, AlertState.ACTIVE)
    scores.rescore_changed()
    return estate


def state(application: AIApplication, control: str, status: ControlStatus, due: date | None = None) -> None:
    """A control as the system states it."""
    shown = proof() if status in PROVEN else None
    controls.state_control(actor=None, application=application, control=control, status=status, due=due, proof=shown)


def use(
    what: AIApplication | Sighting,
    department: Department | None,
    days_ago: int,
    *,
    people: int,
    interactions: int,
    sensitive: int = 0,
) -> None:
    """Daily figures as an import writes them; the same number of people is the same people."""
    day = timezone.localdate() - timedelta(days=days_ago)
    row = {
        "application": what if isinstance(what, AIApplication) else None,
        "sighting": what if isinstance(what, Sighting) else None,
        "department": department,
        "day": day,
    }
    DailyUsage.objects.create(
        **row, interactions=interactions, users=people, sensitive=sensitive, jailbreak=0, injection=0, attacks=0
    )
    DailyPeople.objects.create(**row, people=[uuid5(SPACE, f"{department}{person}") for person in range(people)])
    if sensitive:
        DailySensitive.objects.create(
            **row, labels=["confidential"], digest=uuid5(SPACE, "confidential"), interactions=sensitive
        )


def alert(application: AIApplication | None, severity: Severity, state: AlertState) -> Alert:
    """An alert of now."""
    return Alert.objects.create(
        title="Jailbreak attempt", severity=severity, state=state, application=application, at=now()
    )


def now() -> datetime:
    return timezone.now()
