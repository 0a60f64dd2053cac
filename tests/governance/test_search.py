"""The search over everything: best first, grouped, and nothing out of sight, not even as a number."""

from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.selectors.search import IN_A_BOX, ON_A_PAGE, Group, search
from inventory.models import User
from tests.builders import make_application, make_user
from tests.cast import Cast
from tests.governance.estate import Estate

WHO = ("alice", "bob", "carol", "dan", "eve", "ada")


def found(user: User, text: str, most: int = ON_A_PAGE) -> dict[str, list[str]]:
    return {group.kind: [hit.title for hit in group.hits] for group in search(user, text, most)}


def group(user: User, text: str, kind: str, most: int = IN_A_BOX) -> Group:
    return next(one for one in search(user, text, most) if one.kind == kind)


def test_each_kind_is_found(estate: Estate) -> None:
    ada = estate.cast.ada
    assert found(ada, "scorer")["applications"] == ["Credit Scorer"]
    assert found(ada, estate.scorer.external_id.lower())["applications"] == ["Credit Scorer"]
    assert found(ada, "clerks letters")["applications"][-1] == "Letter Summariser"
    assert found(ada, "retail")["departments"] == ["Retail Banking"]
    assert found(ada, "alice")["people"] == ["Alice"]
    assert found(ada, "jailbreak")["alerts"] == ["Jailbreak attempt"] * 3
    assert found(ada, "gv-01")["controls"][0].startswith("GV-01 ")
    assert any("human oversight" in title.lower() for title in found(ada, "human oversight")["requirements"])


@pytest.mark.parametrize("who", WHO)
def test_what_is_out_of_sight_is_not_found(estate: Estate, client: Client, who: str) -> None:
    user = getattr(estate.cast, who)
    retail = {"Credit Scorer", "Letter Summariser", "Draft"}
    own = {"eve": {estate.hostile.name}, "dan": None, "ada": None}.get(who, retail)
    for text in ("scorer", "summariser", "draft", "hyperlink", "summarises letters"):
        names = set(found(user, text).get("applications", []))
        assert own is None or names <= own
    in_sight = {"eve": 0, "dan": 3, "ada": 3}.get(who, 2)
    assert len(found(user, "jailbreak").get("alerts", [])) == in_sight
    assert ("Treasury" in found(user, "treasury").get("departments", [])) == (who in ("eve", "dan", "ada"))
    # An owner is named to who may see what they own; others only to who administers people
    assert found(user, "alice").get("people", []) == ([] if who == "eve" else ["Alice"])
    assert found(user, "eve").get("people", []) == (["Eve"] if who == "ada" else [])
    client.force_login(user)
    for path in ("/search/", "/search/box/"):
        body = client.get(f"{path}?q=scorer").content.decode()
        assert ("Credit Scorer" in body) == (who != "eve")


def test_who_has_no_role_searches_nothing(cast: Cast, client: Client) -> None:
    client.force_login(User.objects.create_user("newcomer"))
    assert client.get("/search/?q=retail").status_code == 403
    assert client.get("/search/box/?q=retail").status_code == 403


def test_best_comes_first(cast: Cast) -> None:
    for name in ("Reads loan letters", "Loan", "Loan desk", "Aloanas"):
        make_application(cast.retail, name, purpose="Summarises.")
    make_application(cast.retail, "Aaa", purpose="Helps with a loan.")
    assert found(cast.alice, "loan")["applications"] == ["Loan", "Loan desk", "Aloanas", "Reads loan letters", "Aaa"]
    assert found(cast.alice, "desk loan")["applications"] == ["Loan desk"]
    alike = group(cast.alice, "loan deks", "applications")
    assert alike.guessed
    assert alike.hits[0].title == "Loan desk"


def test_a_group_is_cut_and_says_that_there_is_more(cast: Cast, client: Client) -> None:
    for place in range(IN_A_BOX):
        make_application(cast.retail, f"Twin {place}")
    assert not group(cast.alice, "twin", "applications").more
    make_application(cast.treasury, "Twin elsewhere")
    assert not group(cast.alice, "twin", "applications").more  # what is out of sight doesn't even count
    make_application(cast.retail, "Twin last")
    one = group(cast.alice, "twin", "applications")
    assert (len(one.hits), one.more) == (IN_A_BOX, True)
    client.force_login(cast.alice)
    assert 'href="/applications/?q=twin"' in client.get("/search/box/?q=twin").content.decode()
    assert client.get("/applications/?q=twin").context["page"].paginator.count == IN_A_BOX + 1


@pytest.mark.parametrize("text", ["", " ", "a", " a "])
def test_too_little_finds_nothing(estate: Estate, client: Client, text: str) -> None:
    client.force_login(estate.cast.ada)
    assert search(estate.cast.ada, text) == []
    assert client.get("/search/box/", {"q": text}).content.decode().strip() == ""
    assert client.get("/search/", {"q": text}).status_code == 200


HOSTILE = ("%%", "__", "'; DROP TABLE x;--", "<script>alert(1)</script>", "\\\\", "${jndi}", "..", "((((", "a&b|c!")


@pytest.mark.parametrize("text", [*HOSTILE, "💥" * 300, "zz " * 5000])
def test_hostile_words(estate: Estate, client: Client, text: str) -> None:
    client.force_login(estate.cast.ada)
    for path in ("/search/", "/search/box/"):
        answer = client.get(path, {"q": text})
        assert answer.status_code == 200
        assert "<script>alert" not in answer.content.decode()
    assert found(estate.cast.ada, text).get("applications", []) == []


def test_a_nul_is_refused(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.ada)
    assert client.get("/search/", {"q": "ab\x00cd"}).status_code == 400
    assert search(estate.cast.ada, "scor\x00er")[0].hits[0].title == "Credit Scorer"


def test_a_hostile_name_is_text(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.ada)
    body = client.get("/search/?q=hyperlink").content.decode()
    assert "<b>" not in body
    assert '=HYPERLINK("x")<b>' in unescape(body)


def test_every_hit_leads_somewhere(estate: Estate, client: Client) -> None:
    for who in ("ada", "carol"):
        client.force_login(getattr(estate.cast, who))
        for text in ("scorer", "retail", "alice", "jailbreak", "gv-01", "human oversight"):
            for one in client.get("/search/", {"q": text}).context["found"]:
                for hit, url in one.hits[:3]:
                    assert client.get(url).status_code == 200, (hit, url)


def test_the_number_of_queries_is_the_same_for_few_and_for_many(cast: Cast, client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/search/box/?q=twin").status_code == 200
        return len(seen)

    for place in range(3):
        make_application(cast.retail, f"Twin {place}", owner=make_user(f"twin{place}"))
    client.force_login(cast.carol)
    client.get("/search/box/?q=twin")
    few = queries()
    for place in range(3, 30):
        make_application(cast.retail, f"Twin {place}", owner=make_user(f"twin{place}"))
    assert queries() == few <= 10
