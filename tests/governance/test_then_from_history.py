"""A past day narrowed by what held then, and what its pages tell of alerts, evidence, scores and recommendations."""

from datetime import date, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.models import Recommendation, RecommendationAction, RecommendationDay, SubjectSpell
from governance.selectors.rules import RULES
from inventory.choices import AlertAction, AlertState, Severity
from inventory.models import Alert, AlertStep, Department
from inventory.services import alerts as acts
from risk.models import Evidence
from risk.services import evidence
from tests.governance.estate import Estate, alert
from tests.governance.test_applications_then import FIRST, SECOND, TODAY, dan
from tests.governance.test_recommendations_then import card
from tests.governance.then import judged, noon, stood
from tests.risk.evidence import link

__all__ = ["dan"]


def tiles(client: Client, **query: Any) -> dict[str, Any]:
    return {tile.label: tile for tile in client.get("/", query).context["tiles"]}


def chart(client: Client, path: str, key: str, **query: Any) -> Any:
    return next(one for one, *_ in client.get(path, query).context["shown"] if one.key == key)


def test_the_overview_is_narrowed_by_what_held_then(dan: Client, estate: Estate) -> None:
    for asked, highest in (
        ({"kind": "agent"}, ["Scorer of old"]),  # a model today
        ({"kind": "model"}, []),
        ({"band": "low"}, ["Scorer of old"]),
        ({"band": "critical"}, []),
        ({"class": "minimal"}, ["Scorer of old"]),
        ({"owner": "bob"}, ["Scorer of old"]),
        ({"owner": "alice"}, []),
    ):
        answer = dan.get("/", {"as_of": FIRST, **asked})
        assert [one.name for one in answer.context["highest"]] == highest, asked
        tile = {tile.label: tile for tile in answer.context["tiles"]}["AI applications"]
        assert tile.value == len(highest) == dan.get(tile.href).context["page"].paginator.count, asked
        body = answer.content.decode()
        assert "not applied here" not in body
        assert "all applications" in body  # the matrix and coverage can't be told apart
    assert [one.name for one in dan.get("/departments/retail/", {"as_of": FIRST, "kind": "agent"}).context["highest"]]
    assert dan.get("/departments/retail/", {"as_of": FIRST, "kind": "model"}).context["highest"] == []
    assert tiles(dan, as_of=SECOND, band="critical,moderate")["High or critical risk"].value == 1


def test_the_figures_of_use_are_those_of_what_is_left(dan: Client, estate: Estate) -> None:
    """The summariser was used forty days ago; it was an idea of nobody's kind but its own then."""
    day = TODAY - timedelta(days=39)
    whole = chart(dan, "/analytics/", "interactions", as_of=day)
    assert "100" in whole.summary
    kept = chart(dan, "/analytics/", "interactions", as_of=day, kind="copilot")
    assert "100" in kept.summary
    stood(estate.summariser, FIRST + timedelta(days=1), kind="agent")
    cache.clear()
    assert "100" not in chart(dan, "/analytics/", "interactions", as_of=day, kind="copilot").summary
    agents = chart(dan, "/analytics/", "interactions", as_of=day, kind="agent")
    assert "100" in agents.summary
    (opened,) = [trace["meta"] for trace in agents.figure["data"] if trace.get("meta")]
    assert f"as_of={day}" in opened  # what was an agent then, a copilot today
    assert dan.get(opened).context["total"] == 100


def test_the_distribution_is_that_of_the_lists(dan: Client) -> None:
    for query in ({}, {"band": "critical"}, {"department": "retail"}):
        found = chart(dan, "/analytics/risk/", "distribution", as_of=SECOND, **query)
        listed = dan.get("/applications/", {"as_of": SECOND, "lifecycle": "live", **query}).context["page"].object_list
        assert sum(row.values[0] for row in found.rows) == sum(row.scored for row in listed), query
    assert chart(dan, "/analytics/risk/", "distribution", as_of=FIRST).rows != found.rows


def happened(estate: Estate, state: AlertState, ago: date, *steps: tuple[AlertAction, date, str]) -> Alert:
    """An alert of a past day with what was done about it."""
    made = alert(estate.scorer, Severity.HIGH, state)
    Alert.objects.filter(pk=made.pk).update(at=noon(ago), tactics=["Impact"])
    for action, day, about in steps:
        AlertStep.objects.create(alert=made, action=action, about=about, at=noon(day))
    return made


def opened(client: Client, day: date) -> int:
    cache.clear()
    found = chart(client, "/analytics/threats/", "tactics", as_of=day)
    count = sum(row.values[-1] for row in found.rows)
    assert tiles(client, as_of=day)["Open alerts"].value == count
    return count


def test_an_alert_is_open_until_what_was_done_closed_it(dan: Client, estate: Estate) -> None:
    resolved, dismissed = AlertState.RESOLVED, AlertState.DISMISSED
    before, between, after = (SECOND - timedelta(days=days) for days in (5, 3, 1))
    cases = [
        (resolved, [], [0, 0, 0]),  # came closed
        (AlertState.NEW, [], [1, 1, 1]),
        (resolved, [(AlertAction.RESOLVED, between, "")], [1, 0, 0]),
        (dismissed, [(AlertAction.STARTED, before, ""), (AlertAction.DISMISSED, between, "")], [1, 0, 0]),
        (AlertState.ACTIVE, [(AlertAction.RESOLVED, before, ""), (AlertAction.REOPENED, between, "")], [0, 1, 1]),
        (AlertState.ACTIVE, [(AlertAction.REOPENED, between, "")], [0, 1, 1]),
        (resolved, [(AlertAction.FEED, between, "resolved")], [1, 0, 0]),
        # What a person decided stands against the feed, until they open it again
        (
            AlertState.IN_PROGRESS,
            [(AlertAction.STARTED, before, ""), (AlertAction.FEED, between, "resolved")],
            [1, 1, 1],
        ),
        (resolved, [(AlertAction.REOPENED, before, ""), (AlertAction.FEED, between, "resolved")], [1, 0, 0]),
    ]
    for state, steps, found in cases:
        one = happened(estate, state, FIRST, *steps)
        assert [opened(dan, day) for day in (before, between, after)] == found, (state, steps)
        AlertStep.objects.filter(alert=one).delete()
        one.delete()


def test_an_alert_resolved_today_was_open(dan: Client, estate: Estate) -> None:
    one = happened(estate, AlertState.NEW, SECOND)
    acts.resolve(actor=None, alerts=[one.pk], lesson="Nothing was lost.")
    assert opened(dan, SECOND) == 1
    assert opened(dan, SECOND - timedelta(days=1)) == 0  # not yet
    dan.force_login(estate.cast.eve)
    assert not dan.get("/analytics/threats/", {"as_of": SECOND}).context["at"].past or opened(dan, SECOND) == 0


def aged(item: Evidence, day: date) -> Evidence:
    """The same added on a past day."""
    Evidence.objects.filter(pk=item.pk).update(added_at=noon(day), changed_at=noon(day))
    return item


def ending(client: Client, day: date, **query: Any) -> list[int]:
    """Expired, and ending within 30, 60 and 90 days."""
    rows = chart(client, "/analytics/compliance/", "evidence", as_of=day, **query).rows
    return [row.values[0] for row in rows] if rows else [0, 0, 0, 0]


def test_evidence_as_it_stood(dan: Client, estate: Estate) -> None:
    left = (SECOND - TODAY).days
    aged(link(estate.scorer, days=left - 1), FIRST)
    aged(link(estate.scorer, days=left + 20), FIRST)
    gone = aged(link(estate.scorer, days=left + 50), FIRST)
    link(estate.scorer, days=left + 20)  # added today: not there then
    assert ending(dan, SECOND) == [1, 1, 2, 2]
    evidence.withdraw(actor=None, item=Evidence.objects.get(pk=gone.pk), why="Wrong file")
    assert ending(dan, SECOND) == [1, 1, 2, 2]
    assert ending(dan, SECOND, kind="model") == [1, 1, 2, 2]
    assert ending(dan, SECOND, kind="copilot") == [0, 0, 0, 0]


def test_a_corrected_date_counts_from_its_correction(dan: Client, estate: Estate) -> None:
    item = aged(link(estate.scorer, days=(SECOND - TODAY).days + 20), FIRST)
    columns = [field.column for field in Evidence._meta.concrete_fields]
    with connection.cursor() as cursor:  # how it stood, as the trigger would have written it that day
        cursor.execute(
            f"INSERT INTO risk_evidenceevent (pgh_label, pgh_obj_id, pgh_created_at, {', '.join(columns)})"
            f" SELECT 'insert', id, %s, {', '.join(columns)} FROM risk_evidence WHERE id = %s",
            [noon(FIRST), item.pk],
        )
    Evidence.objects.filter(pk=item.pk).update(valid_until=TODAY + timedelta(days=900), changed_at=noon(TODAY))
    assert ending(dan, SECOND) == [0, 1, 1, 1]


def test_the_overview_tells_the_recommendations_of_then(dan: Client, estate: Estate) -> None:
    one, other = list(RULES)[:2]
    root: Department = estate.cast.root
    card(root, one, (RecommendationAction.FOUND, noon(FIRST), 5), (RecommendationAction.DISMISSED, noon(SECOND), 5))
    card(root, other, (RecommendationAction.FOUND, noon(SECOND), 3))
    told = {
        day: [found.rule.key for found in dan.get("/", {"as_of": day}).context["recommendations_then"]]
        for day in (FIRST, SECOND)
    }
    assert told == {FIRST: [one], SECOND: [other]}
    RecommendationDay.objects.create(
        recommendation=Recommendation.objects.get(rule=other), day=SECOND, gravity=3, rows=3, amount=3, departments=1
    )
    shown = dan.get("/", {"as_of": SECOND}).content.decode().partition('id="recommendations-title">')[2]
    assert ">High</span>" in shown
    narrowed = {"as_of": SECOND, "band": "critical"}
    assert dan.get("/", narrowed).context["recommendations_then"] == []
    found = {"rule": other, "kind": "application", "name": "Credit Scorer", "gravity": 3, "day": SECOND}
    SubjectSpell.objects.create(ref=estate.scorer.pk, department=estate.cast.retail, **found)
    page = dan.get("/", narrowed)
    (told_of,) = page.context["recommendations_then"]
    assert (told_of.rule.key, told_of.rows, told_of.of_findings) == (other, 1, True)
    link = f"/recommendations/{told_of.pk}/?{page.context['of_then']}"
    assert link.replace("&", "&amp;") in page.content.decode()
    assert [line.name for line in dan.get(link).context["page"].object_list] == ["Credit Scorer"]


def test_queries_do_not_grow(dan: Client, estate: Estate) -> None:
    def queries(path: str) -> int:
        dan.get(path)
        with CaptureQueriesContext(connection) as found:
            dan.get(path)
        return len(found)

    paths = [f"{path}?as_of={SECOND}&kind=model" for path in ("/", "/analytics/risk/", "/analytics/threats/")]
    few = {path: queries(path) for path in paths}
    for number in range(30):
        happened(estate, AlertState.NEW, FIRST)
        if number < 5:
            judged(estate.scorer, FIRST + timedelta(days=number), 20.0, "low")
    assert {path: queries(path) for path in paths} == few


def test_the_difference_starts_and_ends_with_the_overviews_figures(dan: Client, estate: Estate) -> None:
    """Narrowed or not, for each who may see it."""
    for person in (estate.cast.dan, estate.cast.carol):
        dan.force_login(person)
        for query in ({"kind": "agent"}, {"kind": "copilot"}, {"band": "critical,moderate"}, {"owner": "bob"}):
            context = dan.get("/changes/", {"from": FIRST, "to": SECOND, **query}).context
            for day, side in ((FIRST, context["before"]), (SECOND, context["after"])):
                shown = tiles(dan, as_of=day, **query)
                assert shown["AI applications"].value == side.count, (person, query, day)
                assert shown["High or critical risk"].value == side.bands["high"] + side.bands["critical"]
            counted = {key: number for key, _, number, _ in context["kinds"]}
            came = counted.get("appeared", 0) - counted.get("left", 0)
            assert context["after"].count == context["before"].count + came
