"""The day that a page of scores and figures of departments is asked to answer for."""

from django.http import HttpRequest

from inventory.selectors.scope import Scope
from inventory.web.as_of import At, asked_day
from risk.selectors.history import first_day


def at_of(request: HttpRequest, scope: Scope) -> At:
    """The day in the address, not before the first figures of the departments that are looked at."""
    return asked_day(request, lambda: first_day(scope.departments()))
