"""Compliance: the length of every list is the number that leads to it."""

import pytest
from django.core.paginator import Paginator
from django.test import Client
from django.utils import timezone

from governance.selectors import compliance
from governance.selectors.compliance_rows import asked_for
from governance.selectors.requirements import Asked, Pair, Pairs, by_requirement, count, pairs
from inventory.selectors.scope import scope_of
from risk.choices import RequirementStatus
from risk.method import load_method
from risk.models import ApplicationCoverage
from risk.scoring.vocabulary import State
from tests.governance.estate import Estate


def test_all_frameworks_binding_ones_first(estate: Estate) -> None:
    found = compliance.frameworks(scope_of(estate.cast.dan), timezone.localdate())
    assert len(found) == 13
    binding = [one.framework.binding for one in found]
    assert binding == sorted(binding, reverse=True)
    assert {compliance.short_name(one.framework) for one in found} >= {"EU AI Act", "GDPR", "NIST AI 600-1", "SR 11-7"}
    for one in found:
        if one.low is not None and one.high is not None:
            assert 0 <= one.low <= one.high <= 1


@pytest.mark.parametrize("who", ["dan", "carol", "eve"])
def test_a_bar_is_as_long_as_its_list(estate: Estate, who: str) -> None:
    user = getattr(estate.cast, who)
    for one in compliance.frameworks(scope_of(user), timezone.localdate()):
        for state in RequirementStatus:
            asked = Asked((one.framework.id,), (State(state.value),))
            listed = Pairs(user, None, asked)
            assert len(listed) == getattr(one, state.value)
            assert len(listed[0 : len(listed)]) == len(listed)
        late = Asked((one.framework.id,), late=True)
        assert len(pairs(user, None, late, 0, 1000)) == count(user, None, late) == one.overdue


def test_pages_of_a_list_add_up_to_the_list(estate: Estate) -> None:
    asked = asked_for({"binding": ("yes",)})
    whole = pairs(estate.cast.dan, None, asked, 0, 10_000)
    assert len(whole) == count(estate.cast.dan, None, asked) > 50
    cut = [pair for start in range(0, len(whole), 7) for pair in pairs(estate.cast.dan, None, asked, start, 7)]
    assert cut == whole
    assert len({(pair.application_id, pair.requirement.key) for pair in whole}) == len(whole)


def test_counts_by_requirement(estate: Estate) -> None:
    framework = load_method().frameworks["gdpr"]
    found = by_requirement(estate.cast.dan, None, framework)
    stored = ApplicationCoverage.objects.filter(framework="gdpr", application__score__counted_in__isnull=False)
    for state in State:
        assert sum(counts[state] for counts in found.values()) == sum(stored.values_list(state.value, flat=True))
    for key, counts in found.items():
        for state, number in counts.items():
            assert count(estate.cast.dan, None, Asked(("gdpr",), (state,), (key,))) == number
        assert count(estate.cast.dan, None, Asked(("gdpr",), requirements=(key,))) == counts.total()


def test_a_gap_says_what_is_missing_and_by_when(estate: Estate) -> None:
    asked = Asked(("eu_ai_act",), requirements=("4",))
    (scorer, *_) = pairs(estate.cast.carol, estate.cast.cards, asked, 0, 10)
    assert scorer.application == "Credit Scorer"
    assert scorer.department == "Cards"
    assert scorer.missing
    assert {control.id for control in scorer.missing} <= {control.id for control in scorer.controls}
    late = pairs(estate.cast.dan, None, Asked(tuple(load_method().frameworks), late=True), 0, 100)
    assert late
    assert all(pair.overdue and pair.due and pair.due < timezone.localdate() for pair in late)
    assert {pair.application for pair in late} == {"Credit Scorer"}


def test_upcoming_duties_are_no_breach(estate: Estate) -> None:
    scope, day = scope_of(estate.cast.dan), timezone.localdate()
    covered = compliance.frameworks(scope, day)
    duties = compliance.upcoming_duties(scope, day, covered)
    assert sum(one.pairs for one in duties) == sum(one.upcoming for one in covered)
    assert all(one.days_left > 0 and min(one.starts) > day for one in duties)
    assert [one.days_left for one in duties] == sorted(one.days_left for one in duties)


@pytest.mark.parametrize("query", ["", "?department=retail", "?department=retail&below=no", "?kind=model"])
def test_upcoming_duties_open_exactly_what_they_count(estate: Estate, client: Client, query: str) -> None:
    client.force_login(estate.cast.dan)
    page = client.get(f"/compliance/{query}")
    duties = page.context["duties"]
    assert len(duties) > 1
    for one in duties:
        address = f"/compliance/{one.framework.id}/{query}{'&' if query else '?'}state=upcoming&requirement={one.ids}"
        opened = client.get(address).context
        pairs = listed_in(opened["page"].paginator)
        assert one.pairs == len(pairs) == opened["page"].paginator.count == dict_of(opened["tabs"])["upcoming"]
        assert one.applications == len({pair.application_id for pair in pairs})
        asked = asked_for(
            {"framework": (one.framework.id,), "requirement": tuple(one.ids.split(",")), "state": ("upcoming",)}
        )
        if not query:
            assert count(estate.cast.dan, None, asked) == one.pairs
            api = client.get(f"/api/v1/compliance/?framework={one.framework.id}&state=upcoming&requirement={one.ids}")
            assert api.json()["count"] == one.pairs
        assert f"requirement={one.ids.replace(',', '%2C')}" in page.content.decode()


def listed_in(pages: Paginator) -> list[Pair]:
    return [pair for number in pages.page_range for pair in pages.page(number).object_list]


def dict_of(tabs: list[tuple[str, str, int]]) -> dict[str, int]:
    return {state: number for state, _, number in tabs}


def test_by_department(estate: Estate) -> None:
    rows, more = compliance.by_department(scope_of(estate.cast.dan), timezone.localdate(), 1)
    assert (len(rows), more) == (1, 1)
    everything, _ = compliance.by_department(scope_of(estate.cast.dan), timezone.localdate(), 9)
    whole = compliance.frameworks(scope_of(estate.cast.dan), timezone.localdate())
    for place, one in enumerate(whole):
        assert sum(row.figures[place].gap for row in everything) == one.gap


def test_pages_narrow_as_the_address_says(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)

    def listed(path: str) -> int:
        return client.get(path).context["page"].paginator.count

    whole = {one.framework.id: one for one in compliance.frameworks(scope_of(estate.cast.dan), timezone.localdate())}
    for state in RequirementStatus.values:
        assert listed(f"/compliance/eu_ai_act/?state={state}") == getattr(whole["eu_ai_act"], state)
    assert listed("/compliance/eu_ai_act/") == whole["eu_ai_act"].gap
    assert listed("/compliance/eu_ai_act/?overdue=yes") == whole["eu_ai_act"].overdue
    assert listed("/compliance/eu_ai_act/?state=all") == whole["eu_ai_act"].total
    assert listed("/compliance/gaps/") == sum(one.gap for one in whole.values() if one.framework.binding)
    assert listed("/compliance/gaps/?binding=no") == sum(one.gap for one in whole.values() if not one.framework.binding)
    assert listed("/compliance/gaps/?framework=gdpr") == whole["gdpr"].gap
    two = whole["gdpr"].gap + whole["gdpr"].met
    assert listed("/compliance/gdpr/?state=gap,met") == listed("/compliance/gdpr/?state=gap&state=met") == two
    for nonsense in ("?state=nonsense", "?requirement=nonsense", "?state=gap&requirement=999"):
        answer = client.get(f"/compliance/gdpr/{nonsense}")
        assert answer.context["page"].paginator.count == whole["gdpr"].gap
        assert "It was left out." in answer.content.decode()
    # a requirement is not asked for together with overdue: neither the list nor its heading is
    both = client.get("/compliance/eu_ai_act/?requirement=4&overdue=yes").context
    assert (both["late"], both["shown_states"], both["requirement"]) == (False, ("gap",), "4")
    assert both["page"].paginator.count == listed("/compliance/eu_ai_act/?requirement=4")
    many = client.get("/compliance/gaps/?requirement=4&overdue=yes").context
    assert (many["late"], many["shown_states"], many["requirement"]) == (True, (), "")
    assert many["page"].paginator.count == sum(one.overdue for one in whole.values() if one.framework.binding)
    assert not client.get("/compliance/eu_ai_act/?overdue=0").context["late"]
    page = client.get("/compliance/gdpr/?state=all&department=cards")
    assert "Letter Summariser" not in page.content.decode()
    assert client.get("/compliance/gdpr/?page=999").status_code == 200


@pytest.mark.usefixtures("figures_only")
@pytest.mark.parametrize("path", ["/compliance/gaps/", "/compliance/gdpr/", "/compliance/gaps/?framework=gdpr,dora"])
def test_each_tab_says_how_long_its_list_is(estate: Estate, client: Client, path: str) -> None:
    for who in (estate.cast.dan, estate.cast.carol):
        client.force_login(who)
        context = client.get(path).context
        between = "&" if "?" in path else "?"
        for state, _, number in context["tabs"]:
            assert client.get(f"{path}{between}state={state}").context["page"].paginator.count == number
        late = client.get(f"{path}{between}overdue=yes").context["page"].paginator.count
        assert late == context["late_count"]
    one = client.get("/compliance/gdpr/?requirement=35&state=all").context
    assert sum(number for _, _, number in one["tabs"]) == one["page"].paginator.count > 0


def test_duties_of_the_organisation_stand_apart(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    body = client.get("/compliance/eu_ai_act/").content.decode()
    assert "Duties of the organisation as a whole" in body
