"""Names that nobody would choose: without a space, from right to left, of pictures. No page grows wider by them."""

from collections.abc import Callable

import pytest

from inventory.models import Department
from tests.browser.conftest import Visit
from tests.browser.test_shell import wider_than_the_screen
from tests.governance.estate import Estate, estate

__all__ = ["estate"]
pytestmark = pytest.mark.django_db(transaction=True)
Visits = Callable[..., Visit]
UNBROKEN = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnungsdurchsetzer"
TURNED = "\u202eقسم المخاطر والامتثال \u2066" + "🏦👩🏽‍💻" * 8
OUTSIDE = """() => {
  const away = ".table-scroll, .hub-tabs, .visually-hidden, .skip-link, [data-menu]:not([open]), svg";
  const hidden = (one) => one.closest(away);
  return [...document.querySelectorAll("main *")]
    .filter((one) => !hidden(one) && one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => one.outerHTML.slice(0, 120));
}"""


@pytest.fixture
def house(transactional_db: None, estate: Estate) -> Estate:
    Department.objects.filter(key="retail").update(name=UNBROKEN)
    Department.objects.filter(key="cards").update(name=TURNED)
    for application, name in ((estate.scorer, UNBROKEN[::-1]), (estate.summariser, TURNED)):
        application.name = name
        application.save()
    return estate


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_grows_wider_by_a_name(visit: Visits, house: Estate, width: int) -> None:
    visited, wrong = visit(house.cast.ada, width=width), {}
    application = f"/applications/{house.scorer.pk}/"
    for path in (
        *("/", "/departments/", "/departments/retail/", "/applications/", application, f"{application}controls/"),
        *("/recommendations/", "/compliance/", "/alerts/", "/analytics/risk/", "/changes/", "/activity/", "/tasks/"),
        *("/exports/", "/evidence/", "/settings/departments/", "/search/?q=Donau"),
    ):
        page = visited.go(path)
        found = page.evaluate(OUTSIDE)
        if found or wider_than_the_screen(page):
            wrong[path] = found[:3]
    assert wrong == {}
