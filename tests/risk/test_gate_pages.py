"""A prohibited practice is a gate and never a number, on every page that shows scores."""

import re
from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import AIApplication
from risk.models import CurrentScore, ScoreSnapshot
from risk.services import assessments, scores
from tests.cast import Cast

PROHIBITED = {"ai_system": True, "union_nexus": True, "exclusion": [], "p_c": True}
SAID = "Prohibited practice"


def text_of(page: str, row: str = "") -> str:
    """What a person reads of a page, or of its table row about `row`."""
    if row:
        rows = [one for one in re.findall(r"(?s)<tr\b.*?</tr>", page) if row in one]
        assert rows
        page = " ".join(rows)
    page = re.sub(r"(?s)<(script|style|svg|option)\b.*?</\1>", " ", page)
    return re.sub(r"\s+", " ", re.sub(r"(?s)<[^>]+>", " ", page))


def numbers(text: str) -> list[str]:
    """Each 100 that isn't a share, with what stands around it."""
    return [
        text[max(0, m.start() - 60) : m.end() + 20] for m in re.finditer(r"(?<![\d.,])100(\.0)?(?![\d,]|\s?%)", text)
    ]


def test_no_page_shows_a_gate_as_a_number(cast: Cast, application: AIApplication) -> None:
    today = timezone.localdate()
    old = ScoreSnapshot.objects.get(application=application)
    old.pk, old.as_of = None, today - timedelta(days=40)
    old.save()
    assessments.save_answers(actor=cast.alice, application=application, answers=PROHIBITED)
    scores.rescore_changed()
    CurrentScore.objects.update(change_30d=31.2)
    client, pk = Client(), [application.pk]
    client.force_login(cast.ada)
    before, clean = (today - timedelta(days=35)).isoformat(), "?q:p_c=no"
    pages = [
        (reverse("risk:applications"), application.name),
        (reverse("risk:application", args=pk), ""),
        (reverse("risk:what_if", args=pk), ""),
        (reverse("risk:what_if", args=pk) + "?q:scale=over_1m", ""),
        (reverse("risk:compare", args=pk) + f"?before={before}", ""),
        (reverse("risk:compare", args=pk) + f"?before={before}&principle=fairness", ""),
        (reverse("risk:history", args=pk), ""),
        (reverse("risk:history", args=pk) + f"?as_of={today.isoformat()}", ""),
        (reverse("governance:department", args=[application.department.key]), application.name),
        (reverse("governance:overview"), application.name),
    ]
    for address, row in pages:
        answer = client.get(address)
        assert answer.status_code == 200, address
        # what the sums of a department take it for is said as such
        text = text_of(answer.content.decode(), row).replace("counts as 100 in the sums", "")
        assert SAID.lower() in text.lower(), address
        assert not numbers(text), address
        assert "31.2" not in text, address
        assert "▲" not in text, address
    text = text_of(client.get(reverse("risk:what_if", args=pk) + clean).content.decode())
    assert "now a prohibited practice" in text
    assert not numbers(text)
