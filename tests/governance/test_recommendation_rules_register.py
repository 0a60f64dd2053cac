"""The rules about agents, oversight, unusual days and blind spots: each speaks exactly at its threshold."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from governance.models import Gravity, Recommendation, RuleReading
from governance.selectors.rules import RULES
from governance.services import recommendations
from inventory.choices import AgentState, Lifecycle
from inventory.models import AgentListing, AIApplication, DailyUsage, Department, DirectoryUser, Feed, UnusualDay
from risk.models import ApplicationCoverage, CurrentScore, Record
from risk.services import scores
from tests.builders import make_application, make_department
from tests.cast import Cast
from tests.governance.test_recommendation_rules import NOW, TODAY, alert, batch, found, one, sighting, use

pytestmark = pytest.mark.django_db


def agent(name: str = "Helper", **given: Any) -> AgentListing:
    fields = {"source": "power_platform", "state": AgentState.PUBLISHED, "as_of": NOW, "ids": [name], **given}
    return AgentListing.objects.create(key=name, agent=fields.pop("agent", name), name=name, **fields)


def owner(enabled: bool) -> UUID:
    return DirectoryUser.objects.create(enabled=enabled).pk


@pytest.mark.parametrize(
    ("given", "speaks"),
    [
        ({"owners": []}, 1),
        ({"owners": None}, 0),
        ({"owners": None, "orphaned": True}, 1),
        ({"owners": [], "state": AgentState.DELETED}, 0),
        ({"owners": [], "state": AgentState.DRAFT}, 0),
    ],
)
def test_agents_without_an_owner(cast: Cast, given: dict, speaks: int) -> None:
    agent(**given)
    assert len(found("ownerless_agent")) == speaks


def test_agents_of_people_who_left_have_no_owner(cast: Cast) -> None:
    gone, here = owner(enabled=False), owner(enabled=True)
    agent("One", owners=[gone, uuid4()], used_at=NOW)
    agent("Two", owners=[gone, here])
    agent("Three", owners=[gone], used_at=NOW - timedelta(days=31))
    assert [(s.name, s.gravity) for s in found("ownerless_agent")] == [("One", Gravity.HIGH), ("Three", Gravity.MEDIUM)]


def test_the_latest_listing_of_an_agent_counts(cast: Cast) -> None:
    agent("Old", agent="a", owners=[], as_of=NOW - timedelta(days=2))
    agent("New", agent="a", owners=[owner(enabled=True)])
    assert found("ownerless_agent") == []


@pytest.mark.parametrize(
    ("given", "speaks"),
    [
        ({"authentication": "None"}, 1),
        ({"authentication": "No authentication"}, 1),
        ({"access": "Any (multitenant)"}, 1),
        ({"authentication": "Integrated", "access": "Group membership"}, 0),
        ({"authentication": "None", "state": AgentState.LISTED}, 0),
    ],
)
def test_open_agents(cast: Cast, given: dict, speaks: int) -> None:
    agent(**given)
    assert len(found("open_agent")) == speaks


@pytest.mark.parametrize("power", ["maker_credentials", "http", "mcp"])
@pytest.mark.parametrize("reach", ["autonomous", "everyone"])
def test_overpowered_agents(cast: Cast, power: str, reach: str) -> None:
    app = make_application(cast.cards)
    agent("Both", **{power: True, reach: True}, application=app)
    agent("Power alone", **{power: True})
    agent("Reach alone", **{reach: True})
    subject = one("overpowered_agent")
    assert (subject.name, subject.gravity, subject.department, subject.ref) == ("Both", 3, cast.cards, app.pk)


def test_forgotten_agents(cast: Cast) -> None:
    day = timedelta(days=1)
    agent("Used lately", used_at=NOW - 90 * day, published_at=NOW - 400 * day)
    agent("Used long ago", used_at=NOW - 91 * day)
    agent("Never used", published_at=NOW - 91 * day)
    agent("New", published_at=NOW - 89 * day)
    assert {(s.name, s.gravity) for s in found("forgotten_agent")} == {
        ("Used long ago", Gravity.LOW),
        ("Never used", Gravity.LOW),
    }


@pytest.mark.parametrize(("people", "interactions", "speaks"), [(1, 10, 1), (1, 9, 0), (3, 3, 1), (2, 3, 0)])
def test_use_without_assessment(cast: Cast, people: int, interactions: int, speaks: int) -> None:
    app = make_application(cast.retail)
    use(app, cast.treasury, people=people, interactions=interactions)
    assert [(s.ref, s.department, s.amount) for s in found("unassessed_use")] == [
        (app.pk, cast.retail, interactions)
    ] * speaks


def test_use_without_assessment_is_all_use_once_one_department_uses_it_enough(cast: Cast) -> None:
    app = make_application(cast.retail)
    use(app, None, people=3, interactions=20)
    assert found("unassessed_use") == []  # whose people nobody knows, but they are of no one department
    use(app, cast.treasury, people=1, interactions=10)
    assert [s.amount for s in found("unassessed_use")] == [30]


def record(app: AIApplication, version: int = 1, state: str = "approved", **given: Any) -> Record:
    fields = {"closed_at": NOW, "release": "2026.1", "form": "impact", **given}
    return Record.objects.create(application=app, version=version, state=state, **fields)


def test_an_approved_assessment_counts_for_its_time(cast: Cast) -> None:
    app = make_application(cast.retail)
    use(app, cast.retail, interactions=10)
    given = record(app, state="submitted", triggers=["sensitive:rights"])
    assert one("unassessed_use").gravity == Gravity.HIGH
    Record.objects.filter(pk=given.pk).update(state="approved")
    assert found("unassessed_use") == []
    Record.objects.filter(pk=given.pk).update(closed_at=NOW - timedelta(days=367))
    assert len(found("unassessed_use")) == 1


def test_uses_that_nobody_signed(cast: Cast) -> None:
    app = make_application(cast.retail)
    scores.rescore_changed()
    record(app, 1, triggers=["sensitive:a"])
    record(app, 2, "submitted", triggers=["sensitive:a"])
    assert found("oversight_gap") == []
    record(app, 3, "withdrawn", triggers=["sensitive:a", "sensitive:b"])
    subject = one("oversight_gap")
    assert (subject.amount, subject.gravity, subject.key) == (1, Gravity.HIGH, f"signatures:{app.pk}")


def test_duties_of_high_risk_and_prohibited_practices(cast: Cast) -> None:
    app = make_application(cast.retail)
    scores.rescore_changed()
    ApplicationCoverage.objects.filter(application=app).delete()
    counts = dict.fromkeys(["met", "partial", "gap", "unknown", "upcoming", "not_assessed", "overdue", "assessed"], 0)
    row = ApplicationCoverage.objects.create(
        application=app, framework="eu_ai_act", **{**counts, "met": 9}, fulfilment_low=0, fulfilment_high=0, states=""
    )
    CurrentScore.objects.update(eu_class="high_risk")
    assert found("oversight_gap") == []
    ApplicationCoverage.objects.filter(pk=row.pk).update(partial=1, gap=2, unknown=3)
    assert one("oversight_gap").amount == 6
    CurrentScore.objects.update(eu_class="transparency")
    assert found("oversight_gap") == []
    CurrentScore.objects.update(eu_class="prohibited")
    assert one("oversight_gap").note == "a prohibited practice (Art. 5)"
    AIApplication.objects.update(lifecycle=Lifecycle.RETIRED)
    assert found("oversight_gap") == []


def unusual(department: Department, ago: int, **given: Any) -> UnusualDay:
    fields = {"metric": "interactions", "hits": 90, "total": 90, "value": 90, "low": 9, "high": 12, "limit": 36}
    return UnusualDay.objects.create(
        department=department, day=TODAY - timedelta(days=ago), history=28, **{**fields, **given}
    )


def days_of_use(cast: Cast, days: int) -> None:
    app = make_application(cast.retail)
    for day in range(days):
        use(app, cast.retail, day)


def test_before_enough_days_nothing_is_usual_and_nothing_completes(cast: Cast) -> None:
    """Thirteen days before the newest are too few to judge it: the card stays, and the rule says what it needs."""
    days_of_use(cast, 15)
    said = unusual(cast.retail, 0)
    assert one("unusual_activity").ref == said.pk
    DailyUsage.objects.filter(day=TODAY - timedelta(days=3)).update(interactions=0, visits=1)
    said.delete()
    for _ in range(3):
        recommendations.evaluate()
    assert "14 days" in RuleReading.objects.get(rule="unusual_activity").needs
    assert Recommendation.objects.get(rule="unusual_activity", department=cast.retail).state == "open"
    alert("AI.Azure_AccessAnomaly", make_application(cast.retail))
    assert [s.kind for s in found("unusual_activity")] == ["alert"]


def test_unusual_days_are_those_of_their_own_page(cast: Cast) -> None:
    days_of_use(cast, 15)
    unusual(cast.retail, 30)
    unusual(cast.retail, 5, dismissed_at=NOW)
    assert found("unusual_activity") == []
    said = unusual(cast.retail, 29), unusual(cast.cards, 0)
    assert {(s.ref, s.department, s.amount) for s in found("unusual_activity")} == {
        (said[0].pk, cast.retail, 1),
        (said[1].pk, cast.cards, 1),
    }


def test_alerts_about_volume_and_access_are_unusual(cast: Cast) -> None:
    app = make_application(cast.retail)
    alert("AI.Azure_DOWVolumeAnomaly", app)
    alert("AI.Azure_AccessAnomaly", app)
    alert("AI.Azure_Jailbreak.ContentFiltering.BlockedAttempt", app)
    assert [(s.kind, s.gravity) for s in found("unusual_activity")] == [("alert", Gravity.MEDIUM)] * 2


def ago(hours: float) -> datetime:
    return timezone.now() - timedelta(hours=hours)


@pytest.mark.parametrize(
    ("kind", "hours", "files", "speaks"),
    [
        ("security_alerts", 48.1, 2, 1),
        ("security_alerts", 47.9, 2, 0),
        ("purview_audit", 71.9, 2, 0),
        ("purview_audit", 72.1, 2, 1),
        ("security_alerts", 900, 1, 0),  # came once, and no feed is bound to it
    ],
)
def test_old_feeds(cast: Cast, kind: str, hours: float, files: int, speaks: int) -> None:
    for _ in range(files):
        batch(kind, newest_at=ago(hours))
    assert [s.key for s in found("blind_spot")] == [f"old:{kind}"] * speaks


def test_a_wrong_clock_does_not_make_an_old_feed_new(cast: Cast) -> None:
    for _ in range(2):
        batch("security_alerts", newest_at=ago(-24 * 400), finished_at=ago(48.1))
    assert [s.key for s in found("blind_spot")] == ["old:security_alerts"]


def test_a_list_whose_records_have_no_time_is_no_old_feed(cast: Cast) -> None:
    for days in (60, 30):
        batch("entra_users", newest_at=None, finished_at=ago(24 * days))
    assert found("blind_spot") == []


@pytest.mark.parametrize(("hours", "given", "speaks"), [(48.1, {}, 1), (47.9, {}, 0), (48.1, {"active": False}, 0)])
def test_feeds_that_brought_nothing(cast: Cast, hours: float, given: dict[str, Any], speaks: int) -> None:
    batch("purview_audit")
    feed = Feed.objects.create(slug="alerts", name="Alerts", kind="security_alerts", **given)
    Feed.objects.update(created_at=ago(hours))
    assert [s.key for s in found("blind_spot")] == [f"never:{feed.pk}"] * speaks
    batch("security_alerts")
    assert found("blind_spot") == []


@pytest.mark.parametrize(("bad", "speaks"), [(5, 1), (4, 0)])
def test_rows_that_could_not_be_read(cast: Cast, bad: int, speaks: int) -> None:
    batch(rows=100, stored=100 - bad, quarantined=bad)
    assert [s.key for s in found("blind_spot")] == ["bad:purview_audit"] * speaks


@pytest.mark.parametrize(("placed", "speaks"), [(9, 1), (10, 0)])
def test_people_without_a_department(cast: Cast, placed: int, speaks: int) -> None:
    batch()
    app = make_application(cast.retail)
    use(app, cast.retail, people=placed)
    use(app, None, people=1)
    assert [s.key for s in found("blind_spot")] == ["placed"] * speaks


@pytest.mark.parametrize(("staff", "silent", "speaks"), [(10, 14, 1), (9, 14, 0), (10, 13, 0)])
def test_silent_departments(cast: Cast, staff: int, silent: int, speaks: int) -> None:
    batch()
    place = make_department("Silent")
    DirectoryUser.objects.bulk_create(DirectoryUser(pseudonym=uuid4(), department=place) for _ in range(staff))
    app = make_application(cast.retail)
    use(app, cast.retail)
    use(app, place, silent)
    assert [s.department for s in found("blind_spot")] == [place] * speaks


def test_use_of_days_to_come_breaks_no_silence(cast: Cast) -> None:
    batch()
    place = make_department("Silent")
    DirectoryUser.objects.bulk_create(DirectoryUser(pseudonym=uuid4(), department=place) for _ in range(10))
    app = make_application(cast.retail)
    use(app, cast.retail)
    use(app, place, -400)
    assert [s.department for s in found("blind_spot")] == [place]


def test_every_rule_is_described(cast: Cast) -> None:
    assert [rule.number for rule in RULES.values()] == list(range(1, 16))
    for rule in RULES.values():
        assert rule.principles
        assert "{" not in rule.in_words({})
        assert rule.action.endswith(".")
        ones = rule.in_words({(rule.key, one.name): 1 for one in rule.thresholds})
        assert not re.search(r"\b1 (?!of\b|MiB\b|%)\w*s\b", ones), ones  # "at least 1 interactions"
        assert all(one.least <= one.value <= one.most for one in rule.thresholds)


def test_a_changed_threshold_counts(cast: Cast) -> None:
    use(sighting(), cast.retail, people=2)
    assert found("unsanctioned_app") == []
    recommendations.change_thresholds(actor=cast.ada, rule="unsanctioned_app", values={"people": 2})
    assert len(found("unsanctioned_app")) == 1
