"""The day that a page is asked to answer for: today, or the end of a past day."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.selectors.asked import Reader
from inventory.web.filters import Filters, tell


@dataclass(frozen=True)
class At:
    """The end of `day`. `first`: the day of the oldest figures, None where there are none or nobody asked."""

    day: date
    today: date
    first: date | None = None

    @property
    def past(self) -> bool:
        return self.day < self.today

    @property
    def then(self) -> date | None:
        """The day where it is past, as addresses name it."""
        return self.day if self.past else None


def asked_day(
    request: HttpRequest, filters: Filters, oldest: Callable[[], date | None] | None = None
) -> tuple[Filters, At]:
    """The day in the address (`as_of`), and the filters that go on from here. A day still to come, or before the first
    figures (`oldest`, where they have a beginning), is left out, and the person is told. Today asks the database
    nothing."""
    reader, today = Reader(request.GET), timezone.localdate()
    asked = reader.day("as_of")
    first = oldest() if oldest and asked and asked < today else None
    if asked and asked > today:
        reader.refuse("as_of", asked.isoformat(), _("is still to come"))
    elif oldest and asked and asked < today and first is None:
        reader.refuse("as_of", asked.isoformat(), _("is before the first figures, which are still to come"))
    elif asked and first and asked < first:
        reader.refuse(
            "as_of", asked.isoformat(), _("is before the first figures, of %(day)s") % {"day": first.isoformat()}
        )
    tell(request, reader.problems)
    if reader.problems:
        return _without_day(request, filters), At(today, today, first)
    return filters, At(asked or today, today, first)


def _without_day(request: HttpRequest, filters: Filters) -> Filters:
    """A day that was refused goes on in no link, form or saved view, or each click would bring the refusal back; so it
    leaves the address that these are made of."""
    given = request.GET.copy()
    del given["as_of"]
    request.GET = given  # type: ignore[assignment]
    request.shared_filters = request.shared_today  # type: ignore[attr-defined]
    return replace(filters, as_of="")
