"""A shared platform's statements: inherited, followed, replaced and ended; for a thousand applications as for one."""

import hashlib
import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.models import AIApplication, AuditLogEntry, ChangedApplication, Department
from risk.method import load_method
from risk.models import ControlState, CurrentScore
from risk.services import applicability, controls, evidence, scores, sharing
from tests.builders import make_application
from tests.cast import Cast
from tests.risk.evidence import link, proof
from tests.risk.test_pages import as_, shown


@pytest.fixture
def platform(cast: Cast) -> AIApplication:
    """A platform of Retail with one attested and one evidenced control."""
    found = make_application(cast.retail, "Model platform")
    controls.state_control(actor=cast.alice, application=found, control="GV-01", status="attested")
    controls.state_control(actor=cast.alice, application=found, control="GV-02", status="evidenced", proof=proof(40))
    return found


def share(actor, platform: AIApplication, *names: str, among=None) -> sharing.Shared:
    found = AIApplication.objects.all() if among is None else among
    return sharing.share(actor=actor, platform=platform, controls=names or ("GV-01", "GV-02"), applications=found)


def test_applications_repeat_the_platform_and_follow_it(
    cast: Cast, application: AIApplication, platform: AIApplication
) -> None:
    ChangedApplication.objects.all().delete()
    assert share(cast.alice, platform) == sharing.Shared(applications=1, rows=2, kept=0)
    rows = {one.control: one for one in application.control_states.all()}
    assert rows["GV-02"].valid_until == timezone.localdate() + timedelta(days=40)
    assert rows["GV-02"].inherited_from == platform
    assert ChangedApplication.objects.filter(application=application).exists()
    scores.rescore_changed()
    before = CurrentScore.objects.get(pk=application.pk)
    controls.state_control(actor=cast.alice, application=platform, control="GV-01", status="not_started", note="Fell.")
    evidence.withdraw(actor=cast.alice, item=platform.evidence.get(), why="Not ours.")
    assert dict(application.control_states.values_list("control", "status")) == {
        "GV-01": "not_started",
        "GV-02": "attested",
    }
    scores.rescore_changed()
    assert CurrentScore.objects.get(pk=application.pk).overall_high > before.overall_high
    entry = AuditLogEntry.objects.get(action="controls.shared")
    assert (entry.object_id, entry.details["rows"]) == (str(platform.pk), 2)
    assert application.control_states.get(control="GV-01").events.count() == 2


def test_an_own_statement_wins_before_and_after(
    cast: Cast, application: AIApplication, platform: AIApplication
) -> None:
    controls.state_control(actor=cast.alice, application=application, control="GV-01", status="planned")
    assert share(cast.alice, platform).kept == 1
    assert application.control_states.get(control="GV-01").status == "planned"
    with pytest.raises(ValidationError):  # the platform's evidence is not its own
        controls.state_control(actor=cast.alice, application=application, control="GV-02", status="evidenced")
    controls.state_control(actor=cast.alice, application=application, control="GV-02", status="attested")
    own = application.control_states.get(control="GV-02")
    assert (own.inherited_from, own.valid_until) == (None, None)
    evidence.withdraw(actor=cast.alice, item=platform.evidence.get(), why="Gone.")
    controls.state_control(actor=cast.alice, application=platform, control="GV-02", status="planned")
    own.refresh_from_db()
    assert own.status == "attested"


def test_evidence_of_its_own_does_not_touch_what_is_inherited(
    cast: Cast, application: AIApplication, platform: AIApplication
) -> None:
    share(cast.alice, platform)
    link(application, "GV-02", days=3)
    row = application.control_states.get(control="GV-02")
    assert (row.valid_until, row.inherited_from) == (timezone.localdate() + timedelta(days=40), platform)


def test_ending_opens_the_controls_again(cast: Cast, application: AIApplication, platform: AIApplication) -> None:
    share(cast.alice, platform)
    asked = applicability.ask(actor=cast.alice, application=application, control="GV-01", reason="Not here.")
    applicability.decide(actor=cast.bob, request=asked, approve=True)
    ChangedApplication.objects.all().delete()
    assert sharing.end_sharing(actor=cast.alice, platform=platform, controls=["GV-01", "GV-02"]) == 2
    row = application.control_states.get()
    assert (row.control, row.status, row.not_applicable, row.inherited_from) == ("GV-01", None, True, None)
    assert ChangedApplication.objects.filter(application=application).exists()
    assert platform.control_states.count() == 2
    assert AuditLogEntry.objects.get(action="controls.unshared").details["rows"] == 2


def test_only_where_the_person_may_edit_both(cast: Cast, application: AIApplication, platform: AIApplication) -> None:
    foreign = make_application(cast.treasury)
    share(cast.alice, platform)
    assert not foreign.control_states.exists()
    with pytest.raises(ValidationError, match="may edit"):
        share(cast.alice, platform, among=AIApplication.objects.filter(pk=foreign.pk))
    for person in (cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            share(person, platform)
        with pytest.raises(PermissionDenied):
            sharing.end_sharing(actor=person, platform=platform, controls=["GV-01"])


def test_no_chains_and_nothing_that_is_not_stated(
    cast: Cast, application: AIApplication, platform: AIApplication
) -> None:
    share(cast.alice, platform, "GV-01")
    for name in ("GV-01", "GV-03", "XX-01"):
        with pytest.raises(ValidationError, match="nothing to share"):
            share(cast.alice, application, name)
    with pytest.raises(ValidationError, match="at least one control"):
        sharing.share(actor=cast.alice, platform=platform, controls=[], applications=AIApplication.objects.all())


def test_a_thousand_cost_the_queries_of_one(cast: Cast, platform: AIApplication) -> None:
    def made(count: int) -> None:
        department = Department.objects.get(pk=cast.cards.pk)
        start = AIApplication.objects.count()
        AIApplication.objects.bulk_create(
            AIApplication(external_id=f"X-{start + n}", name=f"App {start + n}", purpose="x", kind="agent",
                          lifecycle="live", department=department)
            for n in range(count)
        )  # fmt: skip

    def cost(do) -> int:
        with CaptureQueriesContext(connection) as queries:
            do()
        return len(queries)

    def fall(note: str) -> None:
        controls.state_control(actor=cast.alice, application=platform, control="GV-01", status="planned", note=note)

    made(1)
    few = [cost(lambda: share(cast.alice, platform, "GV-01")), cost(lambda: fall("a"))]
    few.append(cost(lambda: sharing.end_sharing(actor=cast.alice, platform=platform, controls=["GV-01"])))
    made(999)
    ChangedApplication.objects.all().delete()
    many = [cost(lambda: share(cast.alice, platform, "GV-01"))]
    assert ControlState.objects.filter(inherited_from=platform).count() == 1000
    assert ChangedApplication.objects.count() == 1000
    many.append(cost(lambda: fall("b")))
    assert ControlState.objects.filter(inherited_from=platform, note="b").count() == 1000
    many.append(cost(lambda: sharing.end_sharing(actor=cast.alice, platform=platform, controls=["GV-01"])))
    assert many == few


def test_on_the_pages(cast: Cast, application: AIApplication, platform: AIApplication) -> None:
    other = make_application(cast.cards, "Another")
    address = reverse("risk:sharing", args=[platform.pk])
    assert "Card helper" in shown(as_(cast.alice), address)
    assert "Card helper" not in shown(as_(cast.alice), address, q="another")
    assert as_(cast.dan).get(address).status_code == 403
    given = {"do": "share", "control": ["GV-01"], "application": [application.pk]}
    answer = as_(cast.alice).post(address, given, follow=True)
    assert "1 application inherit" in answer.content.decode()
    assert not other.control_states.exists()
    as_(cast.alice).post(address + "?q=another", {"do": "share", "control": ["GV-02"], "every": "1"})
    assert other.control_states.get().control == "GV-02"
    page = shown(as_(cast.alice), reverse("risk:controls", args=[application.pk]), show="inherited")
    assert "Model platform" in page
    assert 'name="GV-01-status"' not in page
    page = shown(as_(cast.alice), reverse("risk:control", args=[application.pk, "GV-01"]))
    assert "replaces what is inherited" in page
    as_(cast.alice).post(address, {"do": "end", "control": ["GV-01"]})
    assert not application.control_states.exists()


def test_choices_stay_while_one_turns_pages_and_filters(
    cast: Cast, application: AIApplication, platform: AIApplication
) -> None:
    many = [make_application(cast.cards, f"Runs on it {n:03}") for n in range(60)]
    hidden = make_application(cast.treasury, "Hidden")
    client, address = as_(cast.alice), reverse("risk:sharing", args=[platform.pk])

    def turn(where: str, **more: object) -> str:
        wanted = [application.pk, many[5].pk, many[58].pk, hidden.pk]
        answer = client.post(address + where, {"control": ["GV-01"], "application": wanted, **more})
        assert answer.status_code == 200
        return answer.content.decode()

    def boxes(page: str, ticked: bool = True) -> set[str]:
        found = re.findall(r'<input class="form-check-input"[^>]*name="application" value="(\d+)"[^>]*>', page)
        chosen = re.findall(r'name="application" value="(\d+)" id="to-\d+" checked>', page)
        assert len(found) == len(set(found))  # nothing is asked twice
        return set(chosen) if ticked else set(found)

    wanted = {str(one.pk) for one in (application, many[5], many[58])}
    for where, more in (("", {}), ("?page=2", {}), ("", {"do": "filter", "q": "058"}), ("?q=nothing+fits", {})):
        page = turn(where, **more)
        assert boxes(page) == wanted
        assert 'id="share-GV-01" checked' in page
        assert 'id="share-GV-02" checked' not in page
        assert "Hidden" not in page
    assert not ControlState.objects.filter(inherited_from=platform).exists()  # looking round shares nothing
    turned = {"do": "share", "control": ["GV-01"], "application": sorted(wanted)}
    client.post(address + "?q=058", turned)  # what is chosen counts, whatever the filter shows
    sharing_now = ControlState.objects.filter(inherited_from=platform).values_list("application_id", flat=True)
    assert {str(one) for one in sharing_now} == wanted
    refused = client.post(address, {"do": "share", "application": sorted(wanted)})  # no control: said, and kept
    assert "at least one control" in refused.content.decode()
    assert boxes(refused.content.decode()) == wanted


def test_a_platform_out_of_sight_has_no_name(cast: Cast, application: AIApplication) -> None:
    hidden = make_application(cast.treasury, "Hidden platform")
    controls.state_control(actor=None, application=hidden, control="GV-01", status="attested")
    share(None, hidden, "GV-01")
    for name, rest in (("controls", []), ("control", ["GV-01"])):
        page = shown(as_(cast.alice), reverse(f"risk:{name}", args=[application.pk, *rest]))
        assert "a shared platform" in page
        assert "Hidden platform" not in page


@pytest.mark.django_db(transaction=True)  # a transaction is a moment
def test_an_act_on_the_platform_names_who_follows_and_each_history_says_so(
    cast: Cast, application: AIApplication, platform: AIApplication
) -> None:
    others = [make_application(cast.cards, f"Other {n}") for n in range(2)]
    hidden = make_application(cast.treasury, "Out of sight")
    share(None, platform, "GV-01", among=AIApplication.objects.exclude(pk=platform.pk))
    every = [application, *others, hidden]
    digest = hashlib.sha256("\n".join(sorted(one.external_id for one in every)).encode()).hexdigest()
    shared = AuditLogEntry.objects.get(action="controls.shared")
    assert shared.details["followers"] == {"count": 4, "sha256": digest}
    scores.rescore_changed()
    controls.state_control(actor=cast.alice, application=platform, control="GV-01", status="in_progress")
    scores.rescore_changed()
    stated = AuditLogEntry.objects.filter(action="control.stated", object_id=str(platform.pk))[0]
    assert stated.details["followers"] == {"count": 4, "sha256": digest}
    client = as_(cast.alice)
    history = shown(client, reverse("risk:history", args=[platform.pk]))
    assert reverse("risk:followers", args=[platform.pk, stated.pk]) in history
    listed = shown(client, reverse("risk:followers", args=[platform.pk, stated.pk]))
    assert digest in listed
    assert "The entry's own" in unescape(listed)
    assert "Other 1" in listed
    assert "Out of sight" not in listed
    assert "1 of them out of your sight" in listed
    follower = unescape(shown(client, reverse("risk:history", args=[application.pk])))
    title = load_method().controls["GV-01"].title
    assert "Inherited from Model platform" in follower
    assert f"GV-01 {title}: attested" in follower
    assert f"GV-01 {title}: in progress" in follower
    assert as_(cast.eve).get(reverse("risk:followers", args=[platform.pk, stated.pk])).status_code == 404
    own = AuditLogEntry.objects.filter(action="control.stated").order_by("id")[0]  # one that nobody followed
    assert client.get(reverse("risk:followers", args=[platform.pk, own.pk])).status_code == 404
    first, *_, last = application.snapshots.order_by("id")
    address = reverse("risk:compare", args=[application.pk])
    assert "inherited from Model platform: not answered → in progress" in shown(
        client, f"{address}?from={first.pk}&to={last.pk}"
    )
    ChangedApplication.objects.all().delete()
    sharing.end_sharing(actor=cast.alice, platform=platform, controls=["GV-01"])
    ended = AuditLogEntry.objects.get(action="controls.unshared")
    assert "The entry's own" in unescape(shown(client, reverse("risk:followers", args=[platform.pk, ended.pk])))
    assert "No longer inherited from Model platform" in shown(client, reverse("risk:history", args=[application.pk]))


def test_evidence_that_goes_moves_every_follower_and_is_on_record(
    cast: Cast, application: AIApplication, platform: AIApplication
) -> None:
    share(cast.alice, platform)
    evidence.withdraw(actor=cast.alice, item=platform.evidence.get(), why="Not ours.")
    entry = AuditLogEntry.objects.get(action="control.followed")
    assert (entry.actor, entry.details["control"], entry.details["followers"]["count"]) == (cast.alice, "GV-02", 1)
