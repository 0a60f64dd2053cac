"""What a digest tells: each kind of change, their order, and nothing that its reader may not see."""

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.models import Gravity, Recommendation
from governance.selectors import digest_changes
from governance.selectors.digest_changes import Span, Told
from inventory.choices import AlertState, RoleKind, Severity
from inventory.models import AIApplication, Alert, ChangedApplication, Department, User
from risk.models import BandChange, DepartmentDay, Evidence, IncidentAlert, ScoreSnapshot
from risk.services import assessments, incidents, scores
from tests.builders import make_application, make_user
from tests.cast import Cast
from tests.governance.estate import GRAVE, HARMLESS, alert
from tests.risk.evidence import link
from tests.risk.test_incidents import PRINCIPLES

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
SPAN = Span(TODAY - timedelta(days=7), TODAY)


def told(user: User, span: Span = SPAN) -> list[Told]:
    cache.clear()  # these tests write into the past, which nothing that is kept expects
    return digest_changes.told(digest_changes.watched(user), span)


def kinds(user: User, span: Span = SPAN) -> list[str]:
    return [one.kind for one in told(user, span)]


def incident(application: AIApplication, severity: str = "critical", title: str = "Refusals"):
    return incidents.record(
        actor=None, application=application, title=title, severity=severity, principles=PRINCIPLES, since=TODAY
    )


def grave(application: AIApplication) -> None:
    """Judged into a grave band, today."""
    assessments.save_answers(actor=None, application=application, answers=GRAVE)
    scores.rescore_changed()


def card(department: Department, gravity: Gravity = Gravity.HIGH, **given) -> Recommendation:
    now = timezone.now()
    values = {"rule": "unsanctioned_app", "rows": 3, "amount": 1500, "departments": 1, "since": now, "found_at": now}
    return Recommendation.objects.create(department=department, gravity=gravity, **values | given)


def ending(application: AIApplication, on: date, title: str = "Yearly test") -> Evidence:
    """Evidence of long ago that ends on a day."""
    found = link(application, days=900, title=title)
    Evidence.objects.filter(pk=found.pk).update(valid_until=on, added_at=timezone.now() - timedelta(days=200))
    return found


def index(department: Department, day: date, value: float) -> None:
    bands = {f"{band}_count": 0 for band in ("low", "moderate", "high", "critical")}
    values = dict.fromkeys(("index", "worst", "tail", "mean"), value)
    DepartmentDay.objects.update_or_create(
        department=department, principle="overall", day=day, defaults={"count": 1, "band": "low", **bands, **values}
    )


def everything(cast: Cast, application: AIApplication) -> None:
    """Each kind of change in one department, the least first."""
    department = application.department
    index(department, SPAN.then, 40)
    index(department, SPAN.now, 41)
    ending(application, SPAN.now - timedelta(days=1))
    card(department)
    grave(application)
    index(department, SPAN.now, 41)  # the roll-up took it anew
    alert(application, Severity.HIGH, AlertState.NEW)
    incident(application)


def test_the_order_is_that_of_the_rule(cast: Cast, monkeypatch) -> None:
    everything(cast, make_application(cast.retail, "Credit Scorer"))
    assert kinds(cast.carol) == ["Incident of critical severity", "Alert of high severity", "Newly in the band High"]
    monkeypatch.setattr(digest_changes, "MOST", 10)
    assert kinds(cast.carol)[3:] == [
        "Recommendation of high severity",
        "Evidence that ran out",
        "Risk index of a department",
    ]


def test_incidents_critical_before_high_and_lighter_ones_not_at_all(cast: Cast) -> None:
    application = make_application(cast.cards)
    for severity in ("medium", "high", "critical", "low"):
        incident(application, severity, severity)
    assert [one.title for one in told(cast.carol)] == ["critical", "high"]


def test_alerts_are_told_by_application_while_they_are_open(cast: Cast) -> None:
    many, one = make_application(cast.cards, "Many"), make_application(cast.cards, "One")
    for _ in range(4):
        alert(many, Severity.HIGH, AlertState.ACTIVE)
    alert(one, Severity.HIGH, AlertState.NEW)
    alert(one, Severity.HIGH, AlertState.RESOLVED)
    alert(one, Severity.MEDIUM, AlertState.NEW)
    assert [(found.title, found.note) for found in told(cast.carol)] == [
        ("4 new alerts", "Many"),
        ("Jailbreak attempt", "One"),
    ]
    taken_up = incident(one, "high")
    IncidentAlert.objects.create(
        incident=taken_up, alert=Alert.objects.get(application=one, severity="high", state="new")
    )
    assert kinds(cast.carol) == ["Incident of high severity", "Alerts of high severity"]


def test_an_alert_tied_to_no_application_is_for_who_leads_everything(cast: Cast) -> None:
    alert(None, Severity.HIGH, AlertState.NEW)
    assert told(cast.carol) == []
    chief = make_user("chief", (RoleKind.LEADER, cast.root))
    assert [one.note for one in told(chief)] == ["Tied to no application"]


def test_a_grave_band_is_told_when_it_is_new(cast: Cast) -> None:
    application = make_application(cast.cards, "Credit Scorer")
    grave(application)
    (found,) = told(cast.carol)
    assert found.note.startswith("Cards · ")
    assert found.note.endswith("did not count before")
    before = ScoreSnapshot.objects.filter(application=application).latest("id")
    before.pk, before.as_of, before.band, before.overall_point = None, SPAN.then, "moderate", 38.2
    before.save(force_insert=True)
    lived(application, "live")
    assert told(cast.carol)[0].note.endswith("was Moderate, 38")
    before.pk, before.band = None, "critical"
    before.save(force_insert=True)
    assert told(cast.carol) == []  # as grave as it was
    lived(application, "approved")
    assert told(cast.carol)[0].note.endswith("did not count before")


def test_an_application_that_left_is_not_told_before_it_is_judged_anew(cast: Cast) -> None:
    application = make_application(cast.cards)
    grave(application)
    AIApplication.objects.filter(pk=application.pk).update(department=cast.treasury)
    assert told(cast.carol) == told(cast.eve) == []
    ChangedApplication.objects.mark([application.pk])
    scores.rescore_changed()
    assert kinds(cast.carol) == []
    assert kinds(cast.eve) == ["Newly in the band High"]


def lived(application: AIApplication, lifecycle: str) -> None:
    """In which stage it was before the span; the history is append-only, so a later row corrects."""
    kept = "id, external_id, name, purpose, kind, origin, vendor, department_id, owner_id, registered_at, updated_at"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO inventory_aiapplicationevent (pgh_label, pgh_obj_id, {kept}, lifecycle, pgh_created_at)
            SELECT 'insert', id, {kept}, %s, %s FROM inventory_aiapplication WHERE id = %s""",
            [lifecycle, SPAN.begin - timedelta(hours=1), application.pk],
        )


def test_what_is_harmless_or_only_planned_is_not_told(cast: Cast) -> None:
    planned = make_application(cast.cards, lifecycle="idea")
    grave(planned)
    harmless = make_application(cast.cards)
    assessments.save_answers(actor=None, application=harmless, answers=HARMLESS)
    scores.rescore_changed()
    assert told(cast.carol) == []
    assert not BandChange.objects.exists()


def test_recommendations_of_high_severity_not_yet_taken_up(cast: Cast) -> None:
    card(cast.cards)  # stands below; the card of who leads is Retail's
    assert told(cast.carol) == []
    retail = card(cast.retail)
    assert [one.note for one in told(cast.carol)] == ["Retail Banking · 1,500 uses"]
    for change in (
        {"state": "in_progress"},
        {"state": "open", "gravity": 2},
        {"gravity": 3, "since": SPAN.begin - timedelta(1)},
    ):
        Recommendation.objects.filter(pk=retail.pk).update(**change)
        assert told(cast.carol) == []


def test_evidence_is_told_when_it_comes_near_its_end_and_when_it_ends(cast: Cast) -> None:
    application = make_application(cast.cards, "Credit Scorer")
    one = ending(application, SPAN.then - timedelta(days=1))  # ended before
    assert told(cast.carol) == []
    Evidence.objects.filter(pk=one.pk).update(valid_until=SPAN.then)  # its last day: it ended in the span
    assert kinds(cast.carol) == ["Evidence that ran out"]
    Evidence.objects.filter(pk=one.pk).update(valid_until=SPAN.now)  # ends soon, and did so a week ago
    assert told(cast.carol) == []
    Evidence.objects.filter(pk=one.pk).update(valid_until=SPAN.now + timedelta(days=30))
    assert kinds(cast.carol) == ["Evidence that runs out within 30 days"]
    Evidence.objects.filter(pk=one.pk).update(valid_until=SPAN.now + timedelta(days=31))
    assert told(cast.carol) == []
    link(application, days=3, title="Short-lived")
    ending(make_application(cast.retail, "Second"), SPAN.now + timedelta(days=29))
    (found,) = told(cast.carol)
    assert found.title == "2 items, the first: Short-lived"
    assert found.note.startswith("Credit Scorer and 1 more · runs out on ")


@pytest.mark.parametrize(("after", "words"), [(41.0, "rose from 40 to 41"), (38.9, "fell from 40 to 39"), (40.9, "")])
def test_an_index_is_told_when_it_moved_by_one(cast: Cast, after: float, words: str) -> None:
    index(cast.cards, SPAN.then, 40)
    index(cast.cards, SPAN.now, after)
    index(cast.retail, SPAN.now, 12)  # none before
    assert [one.title for one in told(cast.carol)] == ([f"Cards: {words}"] if words else [])


def test_each_reader_is_told_of_what_they_may_see_alone(cast: Cast, client: Client, monkeypatch) -> None:
    monkeypatch.setattr(digest_changes, "MOST", 30)
    for department, name in ((cast.cards, "Scorer"), (cast.treasury, "Hedger")):
        everything(cast, make_application(department, name))
    for department in (cast.retail, cast.root):
        card(department)
    alert(None, Severity.HIGH, AlertState.NEW)
    nobody = make_user("nobody")
    found = {who.username: told(who) for who in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve, nobody)}
    words = {who: " ".join(f"{one.title} {one.note}" for one in ones) for who, ones in found.items()}
    assert [who for who, text in words.items() if "Hedger" in text or "Treasury" in text] == ["dan", "eve"]
    assert [who for who, text in words.items() if "Scorer" in text] == ["alice", "bob", "carol", "dan"]
    assert [who for who, text in words.items() if "Tied to no" in text] == ["dan"]
    assert found["nobody"] == []
    for who, ones in found.items():
        client.force_login(User.objects.get(username=who))
        for one in ones:
            assert client.get(one.path).status_code == 200, (who, one)


def test_who_leads_a_part_and_sees_everything_is_told_of_the_part(cast: Cast) -> None:
    both = make_user("both", (RoleKind.LEADER, cast.cards), (RoleKind.AUDITOR, cast.root))
    incident(make_application(cast.treasury), title="There")
    incident(make_application(cast.cards), title="Here")
    assert [one.title for one in told(both)] == ["Here"]
    User.objects.filter(pk=both.pk).update(is_active=False)
    assert told(User.objects.get(pk=both.pk)) == []


def test_only_the_days_in_question_count(cast: Cast) -> None:
    application = make_application(cast.cards)
    everything(cast, application)
    later = Span(TODAY, TODAY + timedelta(days=1))
    assert told(cast.carol, later) == []


def test_it_costs_the_same_whatever_there_is(cast: Cast) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            told(User.objects.get(pk=cast.carol.pk))
        return len(queries)

    def more(number: int) -> None:
        for _ in range(number):
            application = make_application(cast.cards)
            ending(application, SPAN.now - timedelta(days=1))

    more(3)
    index(cast.cards, SPAN.then, 40)
    index(cast.cards, SPAN.now, 50)
    few = cost()
    more(27)
    assert cost() == few
