"""What the Office 365 Management Activity API sends to a webhook: that there is content, and where. We call nobody, so
nothing can be taken from it; but a relay that hands it on as it came is told how many there were, not that it erred.
"""

from collections.abc import Iterator

from inventory.connectors import records
from inventory.connectors.base import Ignored, Item, Source, Unreadable


class Notifications:
    kind = "content_notifications"
    title = "Notifications of Microsoft 365 (pointers to content, never followed)"

    def recognises(self, columns: list[str]) -> bool:
        return {"contenturi", "contenttype"}.issubset(columns)

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """Nothing to store; see `base.Connector`."""
        for place, record in records.read(source, from_line):
            yield record if isinstance(record, Unreadable) else Ignored(place)
