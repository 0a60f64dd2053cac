"""The difference between two dates: what is planted is found, named for who may see it, and nothing else."""

import csv
import io
from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.selectors import changes, difference
from governance.selectors.among import Among
from governance.selectors.changes import ChangedRow
from inventory.models import AIApplication, Department, User
from inventory.selectors.scope import scope_of
from risk.choices import EUClass
from risk.models import ScoreSnapshot
from risk.selectors.applications import Wanted
from risk.services import assessments, scores
from tests.builders import make_application
from tests.cast import Cast
from tests.governance.estate import HARMLESS

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
THEN, AGO = TODAY - timedelta(days=30), TODAY - timedelta(days=40)

_EVENT = """
INSERT INTO inventory_aiapplicationevent (pgh_created_at, pgh_label, pgh_obj_id, id, external_id, name, purpose,
    kind, origin, vendor, department_id, lifecycle, owner_id, deputy_id, next_review, registered_at, updated_at)
SELECT %s, 'insert', id, id, external_id, %s, purpose,
    kind, origin, vendor, %s, %s, %s, deputy_id, next_review, %s, %s
FROM inventory_aiapplication WHERE id = %s"""


def stood(
    application: AIApplication, *, lifecycle: str = "live", department: Department | None = None, **given
) -> None:
    """How the application stood forty days ago, with a score then; `point` None: it had none."""
    at = datetime.combine(AGO, time(12), timezone.get_default_timezone())
    place = (department or application.department).pk
    owner = given.get("owner", application.owner)
    values = [
        at,
        given.get("name", application.name),
        place,
        lifecycle,
        owner.pk if owner else None,
        at,
        at,
        application.pk,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_EVENT, values)
    if (point := given.get("point", 10.0)) is not None:
        scores.rescore([application.pk])
        row = ScoreSnapshot.objects.filter(application=application).latest("id")
        row.pk, row.as_of, row.overall_point, row.band = None, AGO, point, given.get("band") or "low"
        row.eu_class = given.get("eu_class", row.eu_class)
        row.save(force_insert=True)


def between(user: User, department: Department | None = None) -> dict[str, ChangedRow]:
    scope = scope_of(user, department)
    found = changes.changed(scope, THEN, TODAY)
    return {row.name: row for row in changes.rows(scope, THEN, TODAY, found)}


@pytest.fixture(params=["few", "few of deep", "along", "each of deep"])
def road(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the ways to read both days, by how many applications may differ and how many judgements they have."""
    monkeypatch.setattr(difference, "_deep", lambda: "deep" in request.param)
    monkeypatch.setattr(difference, "FEW", 10_000 if "few" in request.param else 0)


@pytest.mark.usefixtures("road")
def test_what_is_planted_is_found(cast: Cast) -> None:
    stood(make_application(cast.cards, "As before", lifecycle="live", owner=cast.alice), point=None)
    scores.rescore_changed()
    assert set(between(cast.dan)) == {"As before"}  # its first score: it counts since
    stood(make_application(cast.cards, "Came live", lifecycle="live"), lifecycle="approved")
    stood(make_application(cast.cards, "Went", lifecycle="retired"))
    stood(
        make_application(cast.cards, "Handed over", lifecycle="idea", owner=cast.alice),
        lifecycle="idea",
        owner=cast.bob,
    )
    stood(make_application(cast.cards, "Moved in", lifecycle="idea"), lifecycle="idea", department=cast.treasury)
    make_application(cast.cards, "New idea", lifecycle="idea")
    scores.rescore_changed()
    found = {name: list(row.kinds) for name, row in between(cast.dan).items()}
    assert found == {
        "As before": ["appeared"],
        "Came live": ["appeared", "lifecycle"],
        "Went": ["left", "lifecycle"],
        "Handed over": ["owner"],
        "Moved in": ["department"],
        "New idea": ["registered"],
    }
    assert changes.counts(changes.changed(scope_of(cast.dan), THEN, TODAY))["appeared"] == 2
    assert between(cast.dan)["As before"].because == ["Had no score then"]


def test_a_band_that_changed_tells_its_causes(cast: Cast, client: Client) -> None:
    stood(make_application(cast.cards, "Scorer", lifecycle="live"), point=3.0)
    scores.rescore_changed()
    row = between(cast.dan)["Scorer"]
    assert (row.kinds, row.before.point, row.before.band) == (["band"], 3.0, "low")
    client.force_login(cast.dan)
    answer = client.get("/changes/")
    shown = answer.context["page"].object_list[0]
    assert shown.moved == round(round(row.after.point or 0, 1) - 3.0, 1)
    assert f"/applications/{row.id}/compare/?before={THEN}&amp;after={TODAY}" in answer.content.decode()
    assert (answer.context["before"].count, answer.context["after"].count) == (0, 1)


@pytest.mark.usefixtures("road")
def test_a_class_that_changed_within_its_band_is_told(cast: Cast, client: Client) -> None:
    """A practice that is ruled out leaves the risk where it was: the class is what changed."""
    for name, department in (("Nudge", cast.cards), ("Elsewhere", cast.treasury), ("Same", cast.cards)):
        application = make_application(department, name, lifecycle="live")
        scores.rescore([application.pk])
        now = application.snapshots.latest("id")
        stood(application, band=now.band, eu_class=now.eu_class if name == "Same" else "transparency")
    assert {name: list(row.kinds) for name, row in between(cast.dan).items()} == {
        "Nudge": ["class"],
        "Elsewhere": ["class"],
    }
    assert set(between(cast.carol, cast.cards)) == {"Nudge"}
    client.force_login(cast.dan)
    page = client.get("/changes/?change=class").content.decode()
    assert f"EU AI Act class: {EUClass.TRANSPARENCY.label} → not decided" in page
    text = b"".join(client.get("/changes/changes.csv").streaming_content).decode("utf-8-sig")
    row = next(csv.DictReader(io.StringIO(text)))
    assert (row["class_then"], row["class_now"]) == ("transparency", "")


def test_each_sees_what_they_may_see_today(cast: Cast, client: Client) -> None:
    stood(make_application(cast.treasury, "Gone to treasury", lifecycle="live"), department=cast.cards)
    stood(make_application(cast.treasury, "Only treasury", lifecycle="live"), lifecycle="idea")
    scores.rescore_changed()
    client.force_login(cast.carol)  # head of retail, where cards is
    page = client.get("/changes/").context["page"].object_list
    (row,) = page
    assert (row.name, list(row.kinds), row.seen) == ("Gone to treasury", ["left", "department"], False)
    assert (row.before.department, row.after.department) == ("Cards", "")
    assert between(cast.dan)["Gone to treasury"].kinds == ["band", "department"]  # it counts there and here


def test_what_became_of_it_out_of_sight_is_not_told(cast: Cast, client: Client) -> None:
    """It moved away, and was renamed, given to another, put out of use and judged anew there."""
    gone = make_application(cast.treasury, "Their name", lifecycle="suspended", owner=cast.eve)
    stood(gone, name="Our name", department=cast.cards, owner=cast.alice, point=3.0, eu_class="minimal")
    scores.rescore_changed()
    client.force_login(cast.carol)
    (row,) = client.get("/changes/").context["page"]
    assert (row.name, list(row.kinds)) == ("Our name", ["left", "department"])
    assert (row.before.point, row.before.owner, row.before.stage) == (3.0, "Alice", "Live")
    assert (row.after.point, row.after.band, row.after.eu_class, row.after.owner, row.after.stage) == (
        *(None, "", "", "", ""),
    )
    assert not row.causes
    text = b"".join(client.get("/changes/changes.csv").streaming_content).decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(text))
    assert {key: value for key, value in line.items() if key.endswith("_now")} == dict.fromkeys(
        ["department_now", "stage_now", "owner_now", "risk_now", "band_now", "class_now"], ""
    )
    band = between(cast.dan)["Their name"].after.band
    assert band != "low"
    for query in ({"owner": "eve"}, {"band": band}, {"change": "owner"}, {"change": "lifecycle"}):
        assert not list(client.get("/changes/", query).context["page"]), query
    assert [one.name for one in client.get("/changes/", {"band": "low"}).context["page"]] == ["Our name"]


def test_the_csv_holds_every_row_and_no_formula(cast: Cast, client: Client) -> None:
    for number in range(30):
        stood(make_application(cast.cards, f"=Came {number}", lifecycle="idea"), lifecycle="in_review", point=None)
    client.force_login(cast.dan)
    text = b"".join(client.get("/changes/changes.csv?change=lifecycle").streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 30 == client.get("/changes/?change=lifecycle").context["page"].paginator.count
    assert {(row["stage_then"], row["stage_now"], row["name"][:2]) for row in rows} == {("In review", "Idea", "'=")}
    client.force_login(cast.eve)
    assert "Came" not in client.get("/changes/").content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"to": TODAY + timedelta(days=1)},
        {"from": TODAY},
        {"from": "2026-02-30"},
        {"from": "x", "to": "y", "change": "everything", "page": "-1"},
    ],
)
def test_days_that_cannot_be_answered_for_are_refused_in_words(cast: Cast, client: Client, asked: dict) -> None:
    client.force_login(cast.dan)
    answer = client.get("/changes/", asked)
    assert answer.status_code == 200
    assert (answer.context["span"].then, answer.context["span"].now) == (THEN, TODAY)
    assert [str(one) for one in answer.context["messages"]]


def test_queries_are_the_same_for_few_and_many(cast: Cast, client: Client) -> None:
    client.force_login(cast.dan)

    def queries() -> int:
        client.get("/changes/")
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/changes/").status_code == 200
        return len(seen)

    for number in range(3):
        stood(make_application(cast.cards, f"First {number}", lifecycle="live"), point=3.0)
    scores.rescore_changed()
    few = queries()
    for number in range(27):
        stood(make_application(cast.cards, f"Second {number}", lifecycle="live"), point=3.0)
    scores.rescore_changed()
    assert queries() == few <= 15


def test_narrowed_as_the_page_is_and_it_adds_up(cast: Cast, client: Client) -> None:
    """By band: what came into it appeared, what went out of it left, and the standing of each day says as much."""
    stood(make_application(cast.cards, "Rose", lifecycle="live"), point=3.0)
    stood(make_application(cast.cards, "Moved", lifecycle="live"), department=cast.treasury, point=3.0)
    stood(make_application(cast.cards, "Of nobody", lifecycle="live", owner=cast.alice), owner=None, point=3.0)
    scores.rescore_changed()
    client.force_login(cast.dan)
    band = between(cast.dan)["Rose"].after.band
    assert band != "low"
    for query, kinds in (
        ({"band": "low"}, {"left": 3, "band": 3, "department": 1, "owner": 1}),
        ({"band": band}, {"appeared": 3, "band": 3, "department": 1, "owner": 1}),
        ({"owner": "alice"}, {"appeared": 1, "band": 1, "owner": 1}),
        ({"department": "cards", "band": "low"}, {"left": 2, "band": 2, "owner": 1, "department": 1}),
    ):
        context = client.get("/changes/", query).context
        counted = {key: number for key, _, number, _ in context["kinds"]}
        assert {key: number for key, number in counted.items() if number} == kinds, query
        before, after = context["before"], context["after"]
        assert after.count == before.count + counted.get("appeared", 0) - counted.get("left", 0), query
        assert context["whole"] == len(list(context["page"].object_list))


def test_a_class_that_changed_is_said_to_be_behind_it(cast: Cast) -> None:
    application = make_application(cast.cards, "Reclassified", lifecycle="live")
    stood(application, point=10.0)
    row = ScoreSnapshot.objects.filter(application=application).latest("as_of", "id")
    row.pk, row.as_of, row.eu_class = None, TODAY - timedelta(days=1), "high_risk"
    row.save(force_insert=True)
    scope = scope_of(cast.dan)
    left = Among(Wanted(classes=("high_risk",)))
    now = TODAY - timedelta(days=1)
    found = changes.changed(scope, THEN, now, left)
    (one,) = changes.rows(scope, THEN, now, found)
    assert (list(one.kinds), one.classes) == (["appeared", "band", "class"], "EU AI Act class: not decided → High-risk")
    assert changes.standing(scope, now, left).count == 1


def test_the_causes_of_a_line_add_up_to_it(cast: Cast) -> None:
    """Of judgements that differ by what was answered between the two days."""
    application = make_application(cast.cards, "Answered", lifecycle="live")
    stood(application, point=None)
    scores.rescore([application.pk])
    first = ScoreSnapshot.objects.filter(application=application).latest("id")
    first.pk, first.as_of = None, AGO
    first.save(force_insert=True)
    assessments.save_answers(actor=None, application=application, answers=HARMLESS)
    scores.rescore_changed()
    scope = scope_of(cast.dan)
    found = changes.rows(scope, THEN, TODAY, changes.changed(scope, THEN, TODAY))
    (one,) = changes.explained([row for row in found if row.name == "Answered"])
    assert one.moved
    assert one.causes
    assert sum(cause.amount for cause in one.causes) + one.rest == pytest.approx(one.moved)
