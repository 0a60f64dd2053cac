"""The demo: the same every time, at any size, refusing to mix with anything else."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count, Sum
from django.utils import timezone

from governance.demo import scale, seeding
from governance.demo.answers import final_answers
from governance.demo.copying import history_of
from governance.demo.seeding import Plan, seed
from governance.demo.story import load_story
from inventory.choices import Lifecycle
from inventory.models import (
    AIApplication,
    DailyUsage,
    Department,
    ImportBatch,
)
from risk.choices import OVERALL
from risk.method import load_method
from risk.models import Answer, ControlState, CurrentScore, DepartmentDay, ScoreSnapshot
from risk.scoring.facts import combine, contradictions
from risk.scoring.questions import classify_so_far
from risk.services import runs, scores
from tests.builders import make_application

# Written with the clock of the run, or with a key that is drawn anew each time
_NOT_COMPARED = {
    "inventory_auditlogentry": "action = 'demo.seeded'",
    "inventory_departmentevent": "pgh_label = 'update'",
}


class _TakeBack(Exception):
    """Ends a transaction whose work was only to be looked at."""


def _plan(applications: int = 60, months: int = 12, number: int = 1) -> Plan:
    return Plan(applications, len(load_story().departments), months, number, timezone.localdate())


def _digests(plan: Plan) -> dict[str, tuple[int, str]]:
    """Digest by table of a demo that is taken back."""
    found = {}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT setval(oid, 1000, false) FROM pg_class WHERE relkind = 'S'")
            seed(plan, lambda text: None)
            for table in connection.introspection.table_names(cursor):
                if table.startswith(("inventory_", "risk_")) and table != "inventory_quarantinedrow":
                    without = _NOT_COMPARED.get(table, "false")
                    cursor.execute(
                        f"SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text)))"
                        f" FROM {table} t WHERE NOT ({without})"
                    )
                    found[table] = cursor.fetchone()
            raise _TakeBack
    except _TakeBack:
        return found


@pytest.mark.django_db
def test_same_plan_same_rows() -> None:
    first = _digests(_plan(9, 2))
    assert first == _digests(_plan(9, 2))
    assert first["risk_scoresnapshot"][0] > 9


@pytest.mark.django_db
def test_another_number_gives_another_bank() -> None:
    one, two = (_digests(_plan(3, 1, number=number))["inventory_dailyusage"] for number in (1, 2))
    assert min(one[0], two[0]) > 9
    assert one != two


def test_story_is_consistent() -> None:
    """No answer contradicts another, every name that is used exists."""
    story, method = load_story(), load_method()
    people = {person.username for person in story.people}
    keys = {one.key for one in story.departments} | {"organisation", "unassigned"}
    assert {one.head for one in story.departments} <= people
    assert {role.department for person in story.people for role in person.roles} <= keys
    folded = [(kind, v.casefold()) for app in story.applications for kind, vs in app.identifiers.items() for v in vs]
    assert len(folded) == len(set(folded))
    for app in story.applications:
        assert {app.owner, app.deputy or app.owner} <= people, app.id
        assert app.department in keys, app.id
        assert not app.usage or set(app.usage.by) <= keys, app.id
        assert set(app.controls.set) <= set(method.controls), app.id
        assert {f"app.{fact}" for fact in app.facts} <= set(method.facts), app.id
        known = {*method.questions, *method.facts, *method.factors}
        assert {*app.eu, *app.open, *app.unsure} <= known, app.id
        answers = final_answers(app, method)
        for factor, option in app.factors.items():
            assert option in method.factors[factor].options, (app.id, factor)
        found = classify_so_far({key: answers.get(key) for key in method.questions}, method)
        stated = {key: value for key, value in answers.items() if key in method.facts} | story.facts
        assert not contradictions(combine(method, found, stated), method), app.id


@pytest.mark.django_db
def test_copies_equal_their_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Applications made in sets are what single ones would be: a recalculation of all finds nothing to change."""
    monkeypatch.setattr(scale, "MODELS", 5)
    monkeypatch.setattr(scale, "USED", 1.0)
    counts = seed(Plan(75, 25, 1, 1, timezone.localdate()), lambda text: None)
    assert AIApplication.objects.count() == CurrentScore.objects.count() == 75
    assert Department.objects.count() == 26
    outcome = runs.rescore_all()
    assert (outcome.changed, outcome.band_changes) == (0, 0)
    assert DailyUsage.objects.aggregate(all=Sum("interactions"))["all"] == counts["interactions"]
    stored = ImportBatch.objects.filter(kind="purview_audit").aggregate(all=Sum("stored"))["all"]
    assert stored == counts["interactions"]
    for model in (Answer, ControlState):
        events = history_of(model)._default_manager
        assert model._default_manager.count() == events.values("pgh_obj_id").distinct().count()
    top = DepartmentDay.objects.filter(department__parent=None, principle=OVERALL).latest("day")
    assert top.count == AIApplication.objects.filter(lifecycle=Lifecycle.LIVE).count()
    names = AIApplication.objects.values("department", "name").annotate(n=Count("pk"))
    assert not names.filter(n__gt=1).exists()


@pytest.mark.django_db
def test_command_says_what_it_did_and_refuses_to_mix(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("seed_demo", "--applications", "3", "--months", "1", "--seed", "7")
    out, err = capsys.readouterr()
    summary = json.loads(out.splitlines()[-1])
    assert (summary["applications"], summary["seed"]) == (3, 7)
    assert "judgements" in err
    count = ScoreSnapshot.objects.count()
    call_command("seed_demo", "--applications", "3", "--months", "1", "--seed", "7")  # there already: left as it is
    assert ScoreSnapshot.objects.count() == count
    with pytest.raises(CommandError, match="HUB_HOME"):
        call_command("seed_demo", "--applications", "4")


@pytest.mark.django_db
def test_refuses_a_register_in_use() -> None:
    make_application(Department.objects.root())
    with pytest.raises(seeding.NotEmptyError, match="not the demo's"):
        seed(_plan(3, 1), lambda text: None)


@pytest.mark.django_db
def test_an_older_day_leaves_today_to_the_worker() -> None:
    plan = Plan(4, 17, 1, 1, timezone.localdate() - timedelta(days=40))
    seed(plan, lambda text: None)
    assert CurrentScore.objects.order_by("-as_of").first().as_of == plan.as_of  # type: ignore[union-attr]
    assert scores.rescore_changed().applications == 4
    assert set(CurrentScore.objects.values_list("as_of", flat=True)) == {timezone.localdate()}


@pytest.mark.parametrize(("words", "fault"), [(["--applications", "0"], "from 1"), (["--as-of", "2999-01-01"], "come")])
def test_wrong_use(words: list[str], fault: str) -> None:
    with pytest.raises(CommandError, match=fault):
        call_command("seed_demo", *words)


def test_a_tree_of_a_thousand() -> None:
    story = load_story()
    further = scale.further_departments(story, 1000)
    keys = [one.key for one in (*story.departments, *further)]
    assert len(keys) == len(set(keys)) == 1000
    assert all(one.parent in keys for one in further)
