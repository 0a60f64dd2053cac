"""Streamed rows: the same as those of the query, and nothing is left open by who stops early."""

import pytest

from governance.selectors.streaming import streamed
from inventory.models import Department
from tests.builders import make_department

pytestmark = pytest.mark.django_db


def test_the_rows_are_those_of_the_query() -> None:
    for number in range(7):
        make_department(f"Part {number}")
    rows = Department.objects.order_by("pk").values_list("pk", "name", "cost_centre", "from_feed")
    assert list(streamed(rows)) == list(rows)
    assert list(streamed(rows.filter(name="100 % % of nothing"))) == []


def test_who_stops_early_leaves_the_connection_usable() -> None:
    make_department("One")
    make_department("Two")
    rows = streamed(Department.objects.order_by("pk").values_list("name"))
    next(rows)
    rows.close()
    assert Department.objects.filter(name="Two").exists()
