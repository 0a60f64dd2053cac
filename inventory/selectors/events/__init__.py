"""The activity explorer: single interactions and visits, as its pages and its CSV show them.

There can be hundreds of millions, and their table has no index but on the key and, coarsely, on the time. So nothing
here counts or sorts them all: the daily figures say on which days there is something to find (`days`), and a page reads
those days from the newest on, by key, until it is full (`paging`).
"""

from inventory.selectors.events.days import Days, days
from inventory.selectors.events.paging import A_PAGE, EventPage, EventRow, every, one_of, page
from inventory.selectors.events.wanted import CATEGORIES, EVENTS, Wanted

__all__ = [
    "A_PAGE",
    "CATEGORIES",
    "EVENTS",
    "Days",
    "EventPage",
    "EventRow",
    "Wanted",
    "days",
    "every",
    "one_of",
    "page",
]
