"""The filter bar: what is chosen stands below it, goes along to other pages, and says where it isn't applied."""

import re
from html import unescape

import pytest
from django.test import Client

from risk.models import ApplicationCoverage
from tests.builders import make_application
from tests.cast import Cast
from tests.governance.estate import Estate

ANALYTIC = (
    *("/", "/departments/", "/applications/", "/discovery/", "/alerts/", "/incidents/", "/data-events/"),
    *("/compliance/", "/compliance/gaps/", "/compliance/eu_ai_act/", "/evidence/", "/ahead/"),
)
ASKED = "department=retail&kind=model&band=high,critical&class=high_risk&owner=alice"


def chips(client: Client, address: str) -> dict[str, str]:
    """What is chosen, in words, and the address that drops it; the word of those not applied ends with a star."""
    body = client.get(address).content.decode()
    found = re.findall(r'<li class="filter-chip( is-idle)?".*?<strong>(.*?)</strong>.*?href="(.*?)"', body)
    return {unescape(value) + ("*" if idle else ""): unescape(url) for idle, value, url in found}


@pytest.fixture
def dan(estate: Estate, client: Client) -> Client:
    client.force_login(estate.cast.dan)
    return client


@pytest.mark.parametrize("path", ANALYTIC)
def test_every_analytic_page_names_every_filter(dan: Client, path: str) -> None:
    found = {value.rstrip("*") for value in chips(dan, f"{path}?{ASKED}")}
    assert {"Retail Banking", "Model", "High, Critical", "Alice"} <= found
    assert chips(dan, path) == {}


def test_a_chip_drops_its_filter_and_keeps_the_others(dan: Client) -> None:
    found = chips(dan, "/applications/?kind=model&band=high&sort=-risk&page=2")
    assert found["High"] == "?kind=model&sort=-risk"
    body = dan.get("/applications/?kind=model&band=high&sort=-risk").content.decode()
    assert 'class="filter-none" href="?sort=-risk"' in body


def test_what_a_page_cannot_apply_says_so(dan: Client) -> None:
    assert "Alice" in chips(dan, "/departments/?owner=alice")
    assert "High*" in chips(dan, "/discovery/?band=high")
    why = "has no kind, band, class or owner yet"
    assert why in dan.get("/discovery/?band=high").content.decode()
    assert why not in dan.get("/discovery/").content.decode()
    assert "Alice" in chips(dan, "/alerts/?owner=alice")


def test_what_could_not_be_read_is_no_chip(dan: Client) -> None:
    assert chips(dan, "/applications/?band=nonsense&sort=colour&page=x") == {}
    assert list(chips(dan, "/applications/?q=%3Cb%3E")) == ["<b>"]


LISTS = (
    *("/applications/", "/alerts/", "/recommendations/", "/compliance/gaps/", "/compliance/eu_ai_act/", "/evidence/"),
    *(
        "/discovery/",
        "/discovery/never-seen/",
        "/discovery/beyond-approval/",
        "/activity/",
        "/data-events/",
        "/incidents/",
    ),
    *("/unusual/", "/discovery/agents/", "/changes/", "/departments/"),
)


@pytest.mark.parametrize("path", LISTS)
def test_what_is_chosen_in_a_bar_stands_below_it_in_the_same_words(dan: Client, path: str) -> None:
    body = dan.get(path).content.decode()
    (bar,) = re.findall(r'<form class="filter-bar".*?</form>', body, re.DOTALL)
    for name, inside in re.findall(r'<select[^>]* name="(\w+)".*?>(.*?)</select>', bar, re.DOTALL):
        for word, label in re.findall(r'<option value="([^"]+)"[^>]*>([^<]*)</option>', inside)[-1:]:
            if name in ("department", "principle", "owner") or "," in word or (name, word) == ("period", "30"):
                continue
            found = chips(dan, f"{path}?{name}={word}&sort=-x")
            said = unescape(label).strip()
            assert [text.casefold() for text in found] == [said.casefold()], (name, word)
            assert list(found.values()) == ["?sort=-x"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/activity/?application={scorer}", "Credit Scorer"),
        ("/activity/?sighting={chat}", "{chat_name}"),
        ("/activity/?since=2026-01-05&until=2026-01-05", "5 Jan 2026"),
        ("/activity/?person=00000000-0000-0000-0000-000000000007", "00000000"),
        ("/activity/?unassigned=yes", "Not known"),
        ("/activity/?people=own", "Only of your departments"),
        ("/alerts/?application={scorer}", "Credit Scorer"),
        ("/alerts/?who=nobody", "nobody"),
        ("/compliance/gaps/?framework=eu_ai_act", "EU Artificial Intelligence Act"),
        ("/compliance/gaps/?binding=no", "voluntary"),
        ("/compliance/gaps/?overdue=yes", "past due"),
        ("/applications/?points=40-45", "40–45"),
    ],
)
def test_what_no_control_of_the_bar_chose_is_said_and_can_be_dropped(
    dan: Client, estate: Estate, address: str, said: str
) -> None:
    values = {"scorer": estate.scorer.pk, "chat": estate.chat.pk, "chat_name": estate.chat.name}
    found = chips(dan, address.format(**values))
    wanted = said.format(**values)
    (dropped,) = [url for text, url in found.items() if text.startswith(wanted)]
    assert dan.get(address.format(**values).partition("?")[0] + dropped).status_code == 200
    (name,) = re.findall(r"\?(\w+)=", address)[:1]
    assert f"{name}=" not in dropped or "until" in address


@pytest.mark.parametrize(
    "address", ["/activity/?since=soon&person=me", "/compliance/gaps/?framework=none&state=odd", "/alerts/?who=x"]
)
def test_what_the_page_itself_could_not_read_is_no_chip(dan: Client, address: str) -> None:
    assert chips(dan, address) == {}


def test_the_navigation_carries_shared_filters_along(dan: Client) -> None:
    body = unescape(dan.get("/?kind=model&period=90&band=nonsense").content.decode())
    assert 'href="/applications/?period=90&kind=model"' in body
    assert 'href="/exports/"' in body
    missing = unescape(dan.get("/?department=nowhere&kind=model").content.decode())
    assert "kind=model" not in missing


@pytest.mark.usefixtures("figures_only")
@pytest.mark.parametrize("query", ["kind=model", "band=high,critical", "class=open", "owner=alice", "kind=agent"])
@pytest.mark.parametrize("department", ["", "department=retail&"])
def test_numbers_of_compliance_are_as_long_as_their_lists(dan: Client, department: str, query: str) -> None:
    shown = dan.get(f"/compliance/?{department}{query}").context
    for _, _, found in shown["groups"]:
        for one in found:
            address = f"/compliance/{one.framework.id}/?{department}{query}"
            page = dan.get(f"{address}&state=gap").context
            assert page["page"].paginator.count == one.gap == sum(dict(r.numbers)["gap"] for r in page["requirements"])
            assert len(list(page["page"].paginator.object_list[0:1000])) == one.gap
            assert dan.get(f"{address}&overdue=yes").context["page"].paginator.count == one.overdue
    for row in shown["rows"]:
        alone = "&below=no" if row.directly else ""
        listed = dan.get(f"/compliance/gaps/?department={row.department.key}&{query}{alone}").context["page"]
        assert listed.paginator.count == row.binding_gaps


@pytest.mark.usefixtures("figures_only")
def test_narrowing_to_everything_changes_nothing(dan: Client, estate: Estate) -> None:
    """Counted application by application, figures are those of the roll-ups."""
    every = "band=low,moderate,high,critical"
    whole, narrowed = dan.get("/compliance/").context, dan.get(f"/compliance/?{every}").context
    assert ApplicationCoverage.objects.exists()
    for (_, _, one), (_, _, other) in zip(whole["groups"], narrowed["groups"], strict=True):
        assert [a.numbers for a in one] == [a.numbers for a in other]
        assert [a.low for a in one] == pytest.approx([a.low for a in other])
    assert [(r.department, r.binding_gaps) for r in whole["rows"]] == [
        (r.department, r.binding_gaps) for r in narrowed["rows"]
    ]


@pytest.mark.usefixtures("figures_only")
@pytest.mark.parametrize("query", ["", "owner=alice", "kind=model&department=retail", "band=low"])
def test_looks_at_the_queue_hold_what_they_say(dan: Client, query: str) -> None:
    for one in dan.get(f"/alerts/?{query}").context["views"]:
        assert dan.get(one["url"]).context["page"].paginator.count == one["count"], one["label"]


def test_filters_survive_paging_and_sorting(cast: Cast, client: Client) -> None:
    for place in range(30):
        make_application(cast.retail, f"App {place:02}", owner=cast.alice)
    make_application(cast.treasury, "Other")
    client.force_login(cast.dan)
    first = client.get("/applications/?owner=alice&sort=name")
    assert first.context["page"].paginator.count == 30
    (second,) = set(re.findall(r'href="(\?[^"]*page=2)"', first.content.decode()))
    page = client.get("/applications/" + unescape(second))
    assert [row.name for row in page.context["page"]] == [f"App {place:02}" for place in range(25, 30)]
    (turned,) = re.findall(r'aria-sort="ascending"[^>]*><a href="([^"]*)"', page.content.decode())
    assert client.get("/applications/" + unescape(turned)).context["page"][0].name == "App 29"
