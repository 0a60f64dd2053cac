"""What the activity explorer of Purview exports (`Export-ActivityExplorerData`, or the page's button), as CSV or JSON.

Kept of it: interactions with AI, visits to AI sites, matches of data-loss rules, findings of sensitive information.
An interaction is the same one that the audit log reports under another id; the writer counts it once.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from inventory.connectors import dlp, prompts, records
from inventory.connectors.base import VISIT, DataEvent, Ignored, Interaction, Item, Seen, Source, Unreadable, Visit
from inventory.connectors.dlp import word
from inventory.connectors.hosts import host_of
from inventory.connectors.information_types import information_types_of
from inventory.connectors.moments import moment
from inventory.connectors.purview_audit import OPERATIONS
from inventory.connectors.records import Record, inner, member

_VISITS = frozenset({"aiwebsitevisit", "aiwebsitevisited", "aisitevisit", "visitedaiwebsite"})
_MATCHES = frozenset({"dlprulematch", "dlprulematched", "dlppolicymatch", "dlppolicymatched"})
_FINDINGS = frozenset({"sensitiveinfotypes", "sensitiveinformationtypes", "sensitiveinfotypesdetected"})
_CATEGORIES = (
    ("copilot", "CopilotInteraction"),
    ("enterprise", "ConnectedAIAppInteraction"),
    ("connected", "ConnectedAIAppInteraction"),
    ("other", "AIAppInteraction"),
    ("aiapp", "AIAppInteraction"),
)
_MOST_LABELS = 100  # of one record


class ActivityExplorer:
    kind = "activity_explorer"
    title = "Purview activity explorer (CSV or JSON)"

    def recognises(self, columns: list[str]) -> bool:
        return {"happened", "activity"}.issubset(columns)

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The activities; see `base.Connector`."""
        bare = prompts.in_header(source.peek(4096)[:4096])  # then no line of the file is kept as it stands
        for place, record in records.read(source, from_line):
            if isinstance(record, Unreadable):
                yield record._replace(raw=b"") if bare else record
            else:
                yield prompts.checked(_activity(place, record), record)


def _activity(place: int, record: Record) -> Item:
    kind = _letters(member(record, "activityid")) or _letters(member(record, "activity"))
    if kind not in _KNOWN:
        kind = _letters(member(record, "activity"))
    if kind not in _KNOWN:
        return Ignored(place)
    record_id, at = word(member(record, "recordidentity", "id")), moment(member(record, "happened"))
    if not record_id:
        return Unreadable(place, "The activity has no RecordIdentity.", records.as_bytes(record))
    if at is None:
        return Unreadable(place, "The activity has no time (Happened) that can be read.", records.as_bytes(record))
    user = word(member(record, "user", "userid"))
    if kind in _VISITS:
        host = word(member(record, "targetdomain", "fullurl", "purviewaiappname"))
        if not host_of(host):
            return Unreadable(place, "The visit names no host.", records.as_bytes(record))
        return Visit(place, record_id, at, user, Seen(host=host_of(host), operation=VISIT), 0)
    if kind in _MATCHES or kind in _FINDINGS:
        return _event(place, record, record_id, at, user)
    labels = _labels(record)
    return Interaction(place, record_id, at, user, _seen(record, kind), labels, information_types_of(record))


_KNOWN = frozenset({"aiinteraction", *(name.casefold() for name in OPERATIONS), *_VISITS, *_MATCHES, *_FINDINGS})


def _event(place: int, record: Record, record_id: str, at: datetime, user: str) -> Item:
    """A rule that matched, or information that was found."""
    match = dlp.match_of(record)
    found = _letters(member(record, "activity")) in _FINDINGS or _letters(member(record, "activityid")) in _FINDINGS
    if match is None and not found:
        return Unreadable(place, "The match names no rule.", records.as_bytes(record))
    match = match or dlp.Match("", "", "", "")
    seen = dlp.seen_in(record, "AIAppInteraction")
    if name := word(member(record, "purviewaiappname")):
        seen = seen._replace(app_name="" if seen.app_identity else name)
    told = found or bool(seen.app_name) or dlp.about_ai(seen, match.policy, member(record, "workload"))
    kind = "types_found" if found else "dlp_match"
    types = information_types_of(record)
    return DataEvent(place, record_id, at, user, seen, kind, "explorer", told, *match, types)


def _seen(record: Record, kind: str) -> Seen:
    """How an interaction names its application: as the audit log does, else by the name that people see."""
    identity = word(member(record, "appidentity"))
    event = inner(member(record, "copiloteventdata"))
    event = event if isinstance(event, dict) else {}
    name = word(member(record, "purviewaiappname", "application")) or word(member(record, "targetdomain", "workload"))
    return Seen(
        agent_id=word(member(record, "agentid")),
        agent_name=word(member(record, "agentname")),
        app_identity=identity,
        host=word(member(record, "purviewaiapplocation")) or word(member(event, "apphost")),
        app_name="" if identity else name,
        operation=OPERATIONS.get(kind) or _operation(record, identity),
    )


def _operation(record: Record, identity: str) -> str:
    """What kind of interaction it is, by the category of the application, its identity or the workload."""
    for given in (member(record, "appidentitycategory"), identity, member(record, "workload")):
        folded = _letters(given)
        for start, operation in _CATEGORIES:
            if folded.startswith(start):
                return operation
    return "AIAppInteraction"


def _labels(record: Record) -> tuple[str, ...]:
    """Labels that the interaction referenced: in a list, in one written as text, parted by commas, or a single one."""
    listed = inner(member(record, "sensitivitylabelidsreferenced", "sensitivitylabelsreferenced", "sensitivitylabel"))
    if isinstance(listed, str):
        listed = listed.split(",")
    found = {label.lower() for one in listed if (label := word(one))} if isinstance(listed, list) else set()
    return tuple(sorted(found)[:_MOST_LABELS])


def _letters(value: Any) -> str:
    return "".join(filter(str.isalnum, value.casefold())) if isinstance(value, str) else ""
