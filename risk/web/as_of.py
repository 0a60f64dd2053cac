"""The day that a page of scores and figures of departments is asked to answer for."""

from django.http import HttpRequest

from inventory.selectors.scope import Scope
from inventory.web.as_of import At, asked_day
from inventory.web.filters import Filters
from risk.selectors.history import first_day


def at_of(request: HttpRequest, filters: Filters, scope: Scope) -> tuple[Filters, At]:
    """`asked_day`, not before the first figures of the departments that are looked at."""
    return asked_day(request, filters, lambda: first_day(scope.departments()))
