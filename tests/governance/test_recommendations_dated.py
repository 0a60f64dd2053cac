"""What the evaluation keeps of each day, and what pages of a past day tell from it."""

import csv
from datetime import datetime, time, timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.models import Recommendation, RecommendationDay, RecommendationStep, SubjectSpell
from governance.services.recommendations import dated, evaluate
from inventory.choices import AlertState, Severity
from inventory.models import AIApplication, Alert
from tests.builders import make_application, make_department
from tests.cast import Cast
from tests.governance.then import stood

RULE = "late_alerts"
TODAY = timezone.localdate()
FIRST, SECOND, THIRD = (TODAY - timedelta(days=days) for days in (40, 20, 5))


def noon(day: object) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12)))  # type: ignore[arg-type]


def evaluated(day: object) -> None:
    """Evaluated on a day, whose steps are of then."""
    before = set(RecommendationStep.objects.values_list("pk", flat=True))
    evaluate(noon(day))
    RecommendationStep.objects.exclude(pk__in=before).update(at=noon(day))


@pytest.fixture
def past(cast: Cast) -> Recommendation:
    """One late alert in Cards, then a graver one in Treasury beside it, then that alone."""
    apps = {place: make_application(place, f"App of {place}") for place in (cast.cards, cast.treasury)}
    common = {"type": "AI.Odd", "state": AlertState.ACTIVE, "at": noon(FIRST - timedelta(days=30))}
    one = Alert.objects.create(title="<b>One", severity=Severity.LOW, application=apps[cast.cards], **common)
    evaluated(FIRST)
    Alert.objects.create(title="Two", severity=Severity.HIGH, application=apps[cast.treasury], **common)
    evaluated(SECOND)
    Alert.objects.filter(pk=one.pk).update(state=AlertState.RESOLVED)
    evaluated(THIRD)
    return Recommendation.objects.get(rule=RULE, department=cast.root)


def test_evaluating_again_keeps_nothing_twice(past: Recommendation) -> None:
    def kept() -> list:
        days = RecommendationDay.objects.order_by("pk").values_list("pk", "day", "rows", "amount", "gravity")
        return [*days, *SubjectSpell.objects.order_by("pk").values_list("pk", "name", "day", "until")]

    before = kept()
    for _ in range(2):
        evaluate(noon(THIRD))
    assert kept() == before
    evaluate(noon(THIRD + timedelta(days=1)))
    assert kept() == before  # nothing moved


def test_each_day_is_told_as_it_was(past: Recommendation, cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    for day, severity, findings, departments in (
        (FIRST, "low", {"<b>One"}, 1),
        (SECOND - timedelta(days=1), "low", {"<b>One"}, 1),
        (SECOND, "high", {"<b>One", "Two"}, 2),
        (THIRD, "high", {"Two"}, 1),
    ):
        listed = client.get("/recommendations/", {"as_of": day})
        (card,) = [one for one in listed.context["cards"] if one.rule.key == RULE]
        assert (card.severity, card.rows, card.departments) == (severity, len(findings), departments)
        assert sum(one.rows for one in card.places) == len(findings)
        page = client.get(f"/recommendations/{past.pk}/", {"as_of": day})
        assert {one.name for one in page.context["page"].object_list} == findings
        assert sum(rows for _key, _name, rows in page.context["places"]) == len(findings)
        body = page.content.decode()
        assert f"As of {day:%-d %B %Y}" in body
        assert "<b>One" not in body
        answer = client.get(f"/recommendations/{past.pk}/evidence.csv", {"as_of": day})
        rows = list(csv.DictReader(StringIO(b"".join(answer).decode("utf-8-sig"))))
        assert {row["name"] for row in rows} == findings
    narrowed = client.get("/recommendations/", {"as_of": FIRST, "severity": "high"}).context
    assert not narrowed["cards"]
    for view in narrowed["views"]:  # each tells how long the list is that it opens
        assert view["count"] == len(client.get(view["url"]).context["cards"]), view
    assert client.get("/recommendations/", {"as_of": SECOND, "severity": "high"}).context["cards"]


def exported(client: Client, asked: str) -> list[dict[str, str]]:
    answer = client.get(f"/exports/download/?dataset=recommendations&format=csv&{asked}")
    assert answer.status_code == 200, answer.content.decode()
    return list(csv.DictReader(StringIO(b"".join(answer).decode("utf-8-sig"))))  # type: ignore[arg-type]


def test_chosen_applications_narrow_what_was_found_then(past: Recommendation, cast: Cast, client: Client) -> None:
    """By what they were on the day: the application in Cards was an agent of Alice's then, and is a model today."""
    app = AIApplication.objects.get(department=cast.cards)
    stood(app, FIRST - timedelta(days=5), kind="agent", owner_id=cast.alice.pk)
    stood(app, THIRD - timedelta(days=1), kind="model", owner_id=None)
    stood(AIApplication.objects.get(department=cast.treasury), FIRST, kind="model")
    client.force_login(cast.ada)
    for day, asked, findings in (
        (FIRST, "kind=agent", {"<b>One"}),
        (SECOND, "kind=agent", {"<b>One"}),
        (SECOND, "owner=alice", {"<b>One"}),
        (SECOND, "kind=model,agent", {"<b>One", "Two"}),
        (THIRD, "kind=agent", set()),
    ):
        query = f"{asked}&as_of={day}"
        listed = client.get(f"/recommendations/?{query}")
        assert "not applied here" not in listed.content.decode()
        cards = [one for one in listed.context["cards"] if one.rule.key == RULE]
        assert [one.rows for one in cards] == [len(findings)] * bool(findings)
        assert all(sum(one.rows for one in card.places) == card.rows for card in cards)
        if cards:
            address = f"/recommendations/{past.pk}/?{query}".replace(",", "%2C").replace("&", "&amp;")
            assert address in listed.content.decode()
        page = client.get(f"/recommendations/{past.pk}/?{query}")
        assert {one.name for one in page.context["page"].object_list} == findings
        assert page.context["card"].rows == len(findings)
        rows = csv.DictReader(
            StringIO(b"".join(client.get(f"/recommendations/{past.pk}/evidence.csv?{query}")).decode("utf-8-sig"))
        )
        assert {row["name"] for row in rows} == findings
        told = client.get(f"/api/v1/recommendations/{past.pk}/evidence/?{query}").json()["results"]
        assert {row["name"] for row in told} == findings
        own = [row for row in exported(client, query) if row["department_key"] == cast.root.key]
        assert [(row["rows"], row["amount"]) for row in own] == [(str(one.rows), "") for one in cards]


def test_who_may_not_see_an_application_is_not_told_what_it_was(
    past: Recommendation, cast: Cast, client: Client
) -> None:
    """Carol sees the card of retail, but not where the application has moved to since."""
    app = AIApplication.objects.get(department=cast.cards)
    stood(app, FIRST - timedelta(days=5), kind="agent")
    AIApplication.objects.filter(pk=app.pk).update(department=cast.treasury)
    client.force_login(cast.carol)
    assert client.get(f"/recommendations/?as_of={FIRST}").context["cards"]
    assert not client.get(f"/recommendations/?kind=agent&as_of={FIRST}").context["cards"]


def test_machines_and_exports_read_the_same_of_then(past: Recommendation, cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    for asked in (f"as_of={FIRST}", f"as_of={SECOND}&severity=high", f"state=open&as_of={THIRD}"):
        listed = client.get(f"/api/v1/recommendations/?limit=500&{asked}").json()
        rows = exported(client, asked)
        assert listed["count"] == len(rows) > 0
        for row, one in zip(rows, listed["results"], strict=True):
            assert (row["department_key"], row["rule"], row["rows"], row["amount"], row["severity"], row["state"]) == (
                *(one["department"], str(one["rule"]), str(one["rows"]), str(one["amount"])),
                *(one["severity"], one["state"]),
            )
        page = client.get(f"/recommendations/?{asked}").context["cards"]
        own = [one for one in listed["results"] if one["department"] == cast.root.key]
        assert {(one.pk, one.amount) for one in page} == {(one["id"], one["amount"]) for one in own}


def test_what_a_past_day_cannot_be_asked_is_refused(past: Recommendation, cast: Cast, client: Client) -> None:
    RecommendationDay.objects.filter(day__lt=SECOND).delete()
    client.force_login(cast.ada)
    ahead, early = TODAY + timedelta(days=1), FIRST - timedelta(days=1)
    for asked, why in (
        (f"who=me&as_of={SECOND}", "known of today alone"),
        (f"severity=high&as_of={FIRST}", f"is known from {SECOND} on"),
        (f"kind=agent&as_of={FIRST}", f"is known from {SECOND} on"),
        (f"as_of={ahead}", "ahead"),
        (f"as_of={early}", "before the first figures"),
    ):
        answer = client.get(f"/exports/download/?dataset=recommendations&{asked}")
        assert (answer.status_code, why in answer.content.decode()) == (400, True), asked
        answer = client.get(f"/api/v1/recommendations/?{asked}")
        assert (answer.status_code, why.replace("ahead", "to come") in answer.content.decode()) == (400, True), asked
    (row,) = [row for row in exported(client, f"as_of={FIRST}") if row["department_key"] == cast.root.key]
    assert (row["severity"], row["departments"], row["owner"], row["until"]) == ("", "", "", "")


def test_a_day_is_told_to_who_sees_the_department_today(past: Recommendation, cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    (card,) = client.get("/recommendations/", {"as_of": SECOND}).context["cards"]
    assert (card.department, card.rows, card.severity) == (cast.retail, 1, "low")
    shown = client.get(f"/recommendations/{card.pk}/", {"as_of": SECOND}).context["page"].object_list
    assert [one.name for one in shown] == ["<b>One"]
    for path in ("", "evidence.csv"):
        assert client.get(f"/recommendations/{past.pk}/{path}", {"as_of": SECOND}).status_code == 404


def test_what_lies_out_of_sight_by_now_is_counted_and_not_named(
    past: Recommendation, cast: Cast, client: Client
) -> None:
    AIApplication.objects.filter(department=cast.cards).update(department=cast.treasury)
    for person, department, named in ((cast.carol, cast.retail, []), (cast.ada, cast.retail, ["<b>One"])):
        client.force_login(person)
        card = Recommendation.objects.get(rule=RULE, department=department)
        page = client.get(f"/recommendations/{card.pk}/", {"as_of": FIRST})
        assert (page.context["card"].rows, [one.name for one in page.context["page"].object_list]) == (1, named)
        assert len(page.context["places"]) == len(named)
        file = b"".join(client.get(f"/recommendations/{card.pk}/evidence.csv", {"as_of": FIRST})).decode()
        assert ("<b>One" in file) == bool(named)


def test_an_application_that_left_is_not_named(past: Recommendation, cast: Cast, client: Client) -> None:
    """Of a rule about applications; what people did counts in their own department all the same."""
    gone = make_application(cast.treasury, "Gone")
    client.force_login(cast.carol)
    card = Recommendation.objects.get(rule=RULE, department=cast.retail)
    for rule, named in (("oversight_gap", []), ("unsanctioned_app", ["Gone"])):
        Recommendation.objects.filter(pk=card.pk).update(rule=rule)
        SubjectSpell.objects.create(
            rule=rule,
            key="x",
            department=cast.cards,
            kind="application",
            ref=gone.pk,
            name="Gone",
            gravity=1,
            day=FIRST,
        )
        page = client.get(f"/recommendations/{card.pk}/", {"as_of": FIRST}).context["page"]
        assert [one.name for one in page.object_list] == named, rule


def test_what_was_not_kept_says_so(past: Recommendation, cast: Cast, client: Client) -> None:
    """Cards that are older than the keeping."""
    for model in (RecommendationDay, SubjectSpell):
        model.objects.filter(day__lt=THIRD).delete()
    SubjectSpell.objects.update(day=THIRD)
    client.force_login(cast.ada)
    said = f"Severity and findings are kept from {THIRD:%-d %b %Y} on"
    for path in ("/recommendations/", f"/recommendations/{past.pk}/"):
        assert said in client.get(path, {"as_of": SECOND}).content.decode()
        assert said not in client.get(path, {"as_of": THIRD}).content.decode()
    evidence = f"/api/v1/recommendations/{past.pk}/evidence/"
    assert client.get(evidence, {"as_of": SECOND}).status_code == 400  # none would mean that nothing was found
    assert client.get(evidence, {"as_of": THIRD}).status_code == 200


def test_what_came_and_went_within_a_day_did_not_stand_at_its_end(past: Recommendation, cast: Cast) -> None:
    Alert.objects.update(state=AlertState.ACTIVE)
    evaluate(noon(TODAY))
    assert SubjectSpell.objects.filter(rule=RULE, day=TODAY).exists()
    Alert.objects.filter(title="<b>One").update(state=AlertState.RESOLVED)
    evaluate(noon(TODAY))
    assert not SubjectSpell.objects.filter(rule=RULE, day=TODAY).exists()
    assert RecommendationDay.objects.filter(recommendation=past, day=TODAY).get().rows == 1


def test_what_went_and_came_again_within_a_day_stood_on(past: Recommendation, cast: Cast) -> None:
    before = list(SubjectSpell.objects.order_by("pk").values_list("pk", "name", "gravity", "day", "until"))
    two = Alert.objects.filter(title="Two")
    for changed in ({"state": AlertState.RESOLVED}, {"state": AlertState.ACTIVE}, {"severity": Severity.LOW}):
        two.update(**changed)
        evaluate(noon(TODAY))
    assert SubjectSpell.objects.get(until=None).day == TODAY  # less grave since
    two.update(severity=Severity.HIGH)
    evaluate(noon(TODAY))
    assert list(SubjectSpell.objects.order_by("pk").values_list("pk", "name", "gravity", "day", "until")) == before


def test_it_is_cleared_after_a_year(past: Recommendation) -> None:
    late = SECOND + timedelta(days=dated.KEPT + 1)
    dated.keep(late)
    assert not SubjectSpell.objects.filter(until__lt=SECOND).exists()
    # What the oldest day that is kept goes by stays
    assert min(RecommendationDay.objects.filter(recommendation=past).values_list("day", flat=True)) == SECOND


def test_as_many_queries_for_three_and_thirty(past: Recommendation, cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    paths = [
        f"{path}?as_of={TODAY - timedelta(days=1)}" for path in ("/recommendations/", f"/recommendations/{past.pk}/")
    ]

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    for path in paths:
        cost(path)
    few = [cost(path) for path in paths]
    for n in range(20):
        app = make_application(make_department(f"Branch {n}", cast.retail), f"App {n}")
        Alert.objects.create(title=f"{n}", severity=Severity.LOW, state="active", application=app, at=noon(FIRST))
    evaluated(TODAY - timedelta(days=2))
    assert [cost(path) for path in paths] == few
