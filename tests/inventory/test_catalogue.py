"""The catalogue of known generative AI: what it recognises, and that the file is sound."""

import pytest

from inventory.catalogue import CatalogueError, Category, _each_once, catalogue
from inventory.choices import ApplicationKind


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        ({"host": "chatgpt.com"}, "ChatGPT"),
        ({"host": "files.chatgpt.com"}, "ChatGPT"),
        ({"host": "api.openai.com"}, "OpenAI API"),  # the nearest host, not openai.com
        ({"name": "Claude.AI"}, "Claude"),
        ({"identity": "AIApp.SaaS.LeChat", "name": "AIApp.SaaS.LeChat", "host": "Edge"}, "Le Chat"),
        ({"identity": "Copilot.MicrosoftCopilot.Word", "host": "Word"}, "Copilot in Word"),
        ({"host": "Excel"}, "Copilot in Excel"),
        ({"identity": "AIApp.SaaS.NoteGenius", "host": "Word"}, None),  # an app unknown, whatever it was used in
        ({"host": "notchatgpt.com"}, None),
        ({"host": "com"}, None),
        ({"host": ""}, None),
    ],
)
def test_what_feeds_name_is_recognised(seen: dict[str, str], name: str | None) -> None:
    found = catalogue().find(**seen)
    assert (found and found.name) == name


def test_the_file_is_sound() -> None:
    apps = catalogue().apps
    assert 60 <= len(apps) <= 150
    assert len({app.name.casefold() for app in apps}) == len(apps)
    assert {app.category for app in apps} == set(Category)
    assert all(app.vendor and app.kind in ApplicationKind.values and (app.hosts or app.names) for app in apps)
    for host in catalogue().hosts:
        assert "." in host
        assert host == host.strip().lower()
        assert "/" not in host


def test_a_word_that_stands_for_two_is_refused() -> None:
    one, other = catalogue().apps[:2]
    with pytest.raises(CatalogueError, match="stands for both"):
        _each_once(iter([("x", one), ("x", other)]))
