"""Every page of the site: it fits a phone and a desk, and axe finds nothing against it in either theme.

The pages come out of the site's own addresses, so that a new one can't be forgotten; each is loaded once.
"""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from governance.models import Recommendation, SavedView
from governance.services import recommendations
from inventory.choices import BatchState, Operation
from inventory.models import Alert, Feed, ImportBatch, Interaction, UnusualDay
from risk.models import Incident, MethodComparison, RescoreRun
from tests.architecture.test_doors import doors
from tests.browser.conftest import Visit
from tests.governance.estate import Estate, estate
from tests.risk.evidence import link

__all__ = ["estate"]
pytestmark = pytest.mark.django_db(transaction=True)
Visits = Callable[..., Visit]

# Addresses that answer neither page nor file nor redirect here, and why
NOT_HERE = {
    "account_reauthenticate": "asks for a password, which nobody has here",
    "governance:digest_stop": "wants the signed word of a mail: tests/browser/test_digests.py",
    "governance:download": "wants to be told what",
    "inventory:import_preview": "wants a file sent before",
    "inventory:import_problems": "wants a file sent before",
    "risk:evidence_file": "the evidence here is a link",
    "risk:followers": "nothing here is shared",
}
NOT_OFFERED = "/accounts/"  # pages of allauth that the hub has closed
SAMPLES = {"risk:record": "/impact/"}
AXE = """(only) => axe.run(document, { resultTypes: ["violations"], preload: false, ...only }).then((found) =>
  found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)}`)))"""
# All rules but that of contrast, which takes axe ten times as long as all others (test_ways has it look at some pages)
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"color-contrast": {"enabled": False}},
}
# Contrast, by the formula of WCAG 1.4.3: of each text against what its element and those around it are painted with
FAINT = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const over = (upper, lower) => {
    const [r, g, b, a = 1] = upper;
    return [r, g, b].map((part, place) => part * a + lower[place] * (1 - a));
  };
  const ground = (one) => {
    if (!one) return [255, 255, 255];
    const colour = numbers(getComputedStyle(one).backgroundColor);
    return (colour[3] ?? 1) === 1 ? colour : over(colour, ground(one.parentElement));
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => part / 255).map((part) =>
      part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const said = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const texts = ":not(svg *, script, style, option, :disabled, [aria-disabled=true])";
  const shown = (one) => said(one) && one.checkVisibility({ visibilityProperty: true });
  return [...document.body.querySelectorAll(texts)].filter(shown).flatMap((one) => {
    const style = getComputedStyle(one), behind = ground(one);
    const pair = [light(over(numbers(style.color), behind)), light(behind)].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    return ratio < (large ? 3 : 4.5) ? [`contrast of ${ratio.toFixed(2)}: ${one.outerHTML.slice(0, 160)}`] : [];
  });
}"""
STILL = "Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null))).then(() => null)"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def house(transactional_db: None, estate: Estate) -> Estate:
    return estate


def stands(house: Estate) -> dict[str, object]:
    """One of each thing that has a page: where its number stands in an address, and the number."""
    day, application = timezone.localdate(), house.scorer
    recommendations.evaluate()
    batch = ImportBatch.objects.create(
        kind="purview_audit", file_name="audit.csv", state=BatchState.DONE, rows=3, stored=3
    )
    use = {"batch": batch, "operation": Operation.values[0], "jailbreak": False, "injection": False}
    Interaction.objects.create(record_id=UUID(int=1), at=timezone.now(), application=application, **use)
    counts = {"hits": 412, "total": 412, "value": 412, "low": 35, "high": 80, "limit": 120, "history": 28}
    incident = {"severity": "high", "principles": {"fairness": "Refused more often"}, "since": day, "aware_on": day}
    Feed.objects.create(slug="sample", name="Nightly audit")
    return {
        "/applications/1/evidence/": link(application, days=20).pk,
        "/applications/": application.pk,
        "/feeds/": batch.pk,
        "/discovery/": house.chat.pk,
        "/unusual/": UnusualDay.objects.create(application=application, metric="interactions", day=day, **counts).pk,
        "/people/": house.cast.alice.pk,
        "/alerts/": Alert.objects.latest("pk").pk,
        "/incidents/": Incident.objects.create(application=application, title="Refused more", **incident).pk,
        "/recommendations/": Recommendation.objects.earliest("pk").pk,
        "/views/": SavedView.objects.create(owner=house.cast.ada, name="Mine", page="applications").pk,
        "/recalculation/": RescoreRun.objects.create(finished_at=timezone.now(), state="done").pk,
        "/settings/method/": MethodComparison.objects.create(before="2026.1", after="2026.1").pk,
    }


def addresses(house: Estate) -> Iterator[tuple[str, str]]:
    """Every address that people may open, with its name."""
    numbers = stands(house)
    for door in doors():
        path = door.path.replace("/controls/retail/", "/controls/GV-01/").replace(
            "/sample/", SAMPLES.get(door.name, "/sample/")
        )
        for place, number in numbers.items():
            path = path.replace(f"{place}1/", f"{place}{number}/")
        if not path.startswith("/api/"):
            yield door.name, path


def pages(house: Estate, place: int, of: int) -> list[str]:
    """Those that answer an administrator with a whole page: not files, fragments, and what only takes a change."""
    client, found = Client(), []
    client.force_login(house.cast.ada)
    for name, path in list(addresses(house))[place::of]:
        answer = client.get(path)
        known = answer.status_code in {200, 302, 405} or path.startswith(NOT_OFFERED) or name in NOT_HERE
        assert known, f"{name}: {path}: {answer.status_code}"
        html = answer["Content-Type"].startswith("text/html") and not answer.has_header("Content-Disposition")
        if answer.status_code == 200 and html and b"<html" in answer.content:
            found.append(path)
    return found


def turn(page: Page, width: int, theme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate(f"hubTheme.choose('{theme}')")
    page.evaluate(STILL)


def turn_back(page: Page, width: int) -> None:
    """For the next page: this one is done with, or its charts and all else would follow once more."""
    page.evaluate("document.body.remove(), hubTheme.choose('auto')")
    page.set_viewport_size({"width": width, "height": 900})


def against(page: Page) -> list[str]:
    """All that is wrong with a page: on a phone in light, with all rules, and on a desk in dark, in its colours."""
    page.evaluate(f"{AXE_SCRIPT}; null")
    found = [*page.evaluate(AXE, RULES), *page.evaluate(FAINT)]
    wide = [page.evaluate(WIDER)]
    turn(page, 1280, "dark")
    found += page.evaluate(FAINT)
    wide.append(page.evaluate(WIDER))
    if page.get_by_role("heading", level=1).count() != 1:
        found.append("not one heading of level 1")
    turn_back(page, 390)
    return [*found, *(f"wider than the screen by {more}" for more in wide if more)]


@pytest.mark.parametrize("place", range(3))
def test_every_page_fits_and_is_readable_in_both_themes(visit: Visits, house: Estate, place: int) -> None:
    visited, wrong = visit(house.cast.ada, width=390), {}
    visited.page.emulate_media(reduced_motion="reduce")  # colours are looked at once they have changed
    for path in pages(house, place, 3):
        wrong[path] = against(visited.go(path))
    assert len(wrong) > 10
    assert {path: found for path, found in wrong.items() if found} == {}


@pytest.mark.parametrize("role", ["leader", "auditor"])
def test_what_only_others_see_fits_and_is_readable(visit: Visits, house: Estate, role: str) -> None:
    """Pages with parts that an administrator never sees: what may only be read, and what is refused."""
    visited = visit({"leader": house.cast.carol, "auditor": house.cast.dan}[role], width=390)
    application = f"/applications/{house.scorer.pk}"
    for path in (
        f"{application}/questionnaire/",
        f"{application}/controls/",
        f"{application}/controls/GV-01/",
        "/organisation-facts/",
        "/views/",
        "/people/",
    ):
        assert against(visited.go(path)) == [], path
    visited.complaints[:] = [one for one in visited.complaints if "403 (Forbidden)" not in one]


def test_faint_text_is_found_in_the_theme_that_spoils_it(visit: Visits, house: Estate) -> None:
    page = visit(house.cast.ada).go("/people/add/")
    page.locator("h1").evaluate("one => { one.style.color = '#1b1f24'; one.style.fontSize = '14px'; }")
    assert page.evaluate(FAINT) == []
    page.evaluate("hubTheme.choose('dark')")
    page.evaluate(STILL)
    (found,) = page.evaluate(FAINT)
    assert found.startswith("contrast of 1.1")
    assert "<h1" in found
