"""Rows of the dataset `evidence`: every file and link, withdrawn ones included, as they stand, or stood."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Case, CharField, F, Q, Value, When

from governance.selectors.extent import Extent, figures, texts
from governance.selectors.register_rows import DayText, UTCText
from governance.selectors.streaming import streamed
from inventory import access
from risk.models import Evidence
from risk.selectors import applications_then, evidence_then
from risk.selectors.applications import wanted_by as of_applications
from risk.selectors.evidence import CURRENT, EXPIRED, WITHDRAWN, among, evidence_in, matching, wanted_by

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
    """A row an item, by application and control; of a past day with the words and dates of then, names of today."""
    return _then(extent) if extent.past else _now(extent)


def _then(extent: Extent) -> Iterator[tuple]:
    asked = wanted_by(extent.filters, extent.department)
    behind = of_applications({**extent.filters, "q": ()}, extent.department)
    seen = applications_then.seen(extent.user, behind, extent.day, access.Permission.EXPORT)
    found = evidence_then.as_stood(among(Evidence.objects.order_by(), seen), extent.day)
    gone = evidence_then.withdrawn_then(extent.day)
    if asked.ends:
        found = found.filter(gone if asked.ends == WITHDRAWN else ~gone | Q(withdrawn_at=None))
    found = matching(found, asked, extent.day, "was_")
    state = Case(
        When(gone, then=Value(WITHDRAWN)),
        When(Q(was_valid_until__lt=extent.day), then=Value(EXPIRED)),
        default=Value(CURRENT),
        output_field=CharField(),
    )

    def by_then(value: Any) -> Case:
        return Case(When(gone, then=value), output_field=CharField())

    return streamed(
        found.order_by("application__external_id", "control", "id").values_list(
            *("application__external_id", "application__name", "application__department__name", "control", "was_kind"),
            *("was_title", "file_name", "link", "file_id", DayText(F("was_issued"))),
            *(DayText(F("was_valid_until")), state, "added_by__username", UTCText(F("added_at"))),
            by_then(F("withdrawn_by__username")),
            Case(When(gone, then=F("withdrawn_why")), default=Value(""), output_field=CharField()),
            by_then(UTCText(F("withdrawn_at"))),
        )
    )


def _now(extent: Extent) -> Iterator[tuple]:
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
