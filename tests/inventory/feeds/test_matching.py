"""Matching: the order of the kinds, what counts as the same name, and no guessing."""

import pytest

from inventory import matching
from inventory.choices import IdentifierKind
from inventory.connectors.base import Seen
from inventory.matching import Identifiers, Match

GUID = "8ad83f3e-b424-4d54-8ddb-15dc19247088"
RESOURCE = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/fraud"


def found(seen: Seen, *rows: tuple[str, str, int]) -> int | tuple[int, ...] | None:
    match = Identifiers(rows).match(seen)
    return match.candidates or match.application


def test_the_kinds_are_those_of_the_register_in_its_order():
    assert list(matching.LABELS.items()) == [(kind.value, str(kind.label)) for kind in IdentifierKind]


@pytest.mark.parametrize(
    ("seen", "kind", "value"),
    [
        (Seen(agent_id=f"CopilotStudio.Declarative.{GUID}"), "agent_id", GUID.upper()),
        (Seen(agent_id=GUID.upper()), "agent_id", f"CopilotStudio.CustomEngine.{GUID}"),
        (Seen(agent_id="T_plain-name"), "agent_id", "t_PLAIN-name"),
        (Seen(app_identity="AIApp.SaaS.ChatGPT"), "app_identity", "aiapp.saas.chatgpt"),
        (Seen(app_name="Claims Desk", app_identity="f4d9"), "app_identity", "claims desk"),
        (Seen(azure_resource=RESOURCE + "/deployments/gpt"), "azure_resource", RESOURCE.lower() + "/"),
        (Seen(host="chat.example"), "host", "https://Chat.Example:443/new"),
        (Seen(host="eu.chat.example"), "host", "chat.example"),
        (Seen(host="eu.chat.example"), "host", "*.chat.example"),
        (Seen(repository="git@git.example:bank/scorer.git"), "repository", "https://git.example/bank/Scorer"),
        (Seen(host="Word"), "copilot_host", "word"),
    ],
)
def test_one_name_is_enough(seen, kind, value):
    assert found(seen, (kind, value, 7)) == 7


@pytest.mark.parametrize(
    ("seen", "kind", "value"),
    [
        (Seen(agent_id=GUID), "app_identity", GUID),
        (Seen(azure_resource=RESOURCE), "azure_resource", RESOURCE + "x"),
        (Seen(azure_resource=RESOURCE + "x"), "azure_resource", RESOURCE),
        (Seen(host="notchat.example"), "host", "chat.example"),
        (Seen(host="chat.example"), "host", "eu.chat.example"),
        (Seen(host="chat.example"), "host", "example"),
        (Seen(host="Word"), "copilot_host", "Word Online"),
        (Seen(), "app_identity", "anything"),
    ],
)
def test_what_is_only_like_it_is_not_it(seen, kind, value):
    assert found(seen, (kind, value, 7)) is None


def test_the_first_kind_that_fits_decides():
    everything = Seen(GUID, "Agent", "App", "chat.example", RESOURCE, "git.example/a")
    rows = [
        ("agent_id", GUID, 1),
        ("app_identity", "App", 2),
        ("azure_resource", RESOURCE, 3),
        ("host", "chat.example", 4),
        ("repository", "git.example/a", 5),
        ("copilot_host", "chat.example", 6),
    ]
    for first in range(len(rows)):
        assert found(everything, *reversed(rows[first:])) == first + 1


def test_the_longest_parent_and_the_exact_host_come_first():
    rows = [("azure_resource", "/subscriptions/s1", 1), ("azure_resource", RESOURCE, 2)]
    assert found(Seen(azure_resource=RESOURCE + "/deployments/x"), *rows) == 2
    hosts = [("host", "chat.example", 1), ("host", "eu.chat.example", 2)]
    assert found(Seen(host="a.eu.chat.example"), *hosts) == 2


def test_a_tie_is_for_a_person_and_ends_the_search():
    rows = [
        ("agent_id", f"CopilotStudio.Declarative.{GUID}", 9),
        ("agent_id", f"CopilotStudio.CustomEngine.{GUID}", 4),
        ("agent_id", GUID, 6),
        ("app_identity", "App", 2),
    ]
    match = Identifiers(rows).match(Seen(agent_id=GUID, app_identity="App"))
    assert (match.application, match.candidates) == (None, (4, 6, 9))
    assert "several" in match.reason


def test_two_spellings_of_one_application_are_no_tie():
    assert found(Seen(agent_id=GUID), ("agent_id", GUID, 3), ("agent_id", f"X.{GUID}", 3)) == 3


def test_nothing_fits():
    assert Identifiers([]).match(Seen(host="Word")) == Match()
