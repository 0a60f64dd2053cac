"""Rows of the dataset `evidence`: every file and link, withdrawn ones included, as they stand."""

from collections.abc import Iterator

from django.db.models import Case, CharField, F, Q, Value, When

from governance.selectors.extent import Extent, figures, texts
from governance.selectors.register_rows import DayText, UTCText
from governance.selectors.streaming import streamed
from inventory import access
from risk.selectors.evidence import CURRENT, EXPIRED, WITHDRAWN, evidence_in, wanted_by

COLUMNS = (
    *texts("external_id name department"),
    *figures("control kind"),
    *texts("title file link"),
    *figures("sha256 issued valid_until state"),
    *texts("added_by"),
    *figures("added"),
    *texts("withdrawn_by withdrawn_why"),
    *figures("withdrawn"),
)


def rows(extent: Extent) -> Iterator[tuple]:
    """A row an item, by application and control."""
    asked = wanted_by(extent.filters, extent.department)
    found = evidence_in(extent.user, asked, extent.day, access.Permission.EXPORT, withdrawn_too=not asked.ends)
    state = Case(
        When(withdrawn_at__isnull=False, then=Value(WITHDRAWN)),
        When(Q(valid_until__lt=extent.day), then=Value(EXPIRED)),
        default=Value(CURRENT),
        output_field=CharField(),
    )
    return streamed(
        found.order_by("application__external_id", "control", "id").values_list(
            *("application__external_id", "application__name", "application__department__name", "control", "kind"),
            *("title", "file_name", "link", "file_id", DayText(F("issued"))),
            *(DayText(F("valid_until")), state, "added_by__username", UTCText(F("added_at"))),
            *("withdrawn_by__username", "withdrawn_why", UTCText(F("withdrawn_at"))),
        )
    )
