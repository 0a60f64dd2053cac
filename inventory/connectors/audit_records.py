"""What of an audit record is asked about, and the short way to it: records written as exporters write nearly all of
them are decoded straight into these structures, which spares a million of them dicts that are looked through and
dropped.

The short way takes a record only if it knows each member by its exact name and each value asked about is of its type.
Anything else, a text of a prompt or a list of information types above all, is left to whoever reads with patience
(`purview_audit`). Members of type Any are asked about by nobody.
"""

from collections.abc import Iterable
from typing import Any, Literal

from msgspec import DecodeError, Struct, field
from msgspec.json import Decoder

from inventory.connectors.base import MAX_NAME
from inventory.connectors.delimited import clean

Text = str | None
_FILES = frozenset({"docx", "xlsx", "pptx", "pdf"})  # types of resources whose labels are counted (0027, rule 4)
_MOST_LABELS = 100  # of one record
_MOST_FILES = 2**15 - 1  # of one record: what is stored of more


class Known(Struct, forbid_unknown_fields=True, gc=False):
    """A structure all of whose members may be missing, and that has no other."""


class Message(Known, rename="pascal"):
    """A message of an interaction; its text is never in these records."""

    jailbreak: bool | None = field(default=None, name="JailbreakDetected")
    id: Any = None
    is_prompt: Any = field(default=None, name="isPrompt")
    size: Any = None


class Resource(Known, rename="pascal"):
    """Something that was read or written for an answer."""

    label: Text = field(default=None, name="SensitivityLabelId")
    injection: bool | None = field(default=None, name="XPIADetected")
    type: Text = None
    policy_details: Literal[""] | None = None  # what it says where no policy had to do with it
    id: Any = None
    site_url: Any = None
    list_item_unique_id: Any = field(default=None, name="listItemUniqueId")
    name: Any = None
    action: Any = None
    status: Any = None


class Naming(Known, rename="pascal", kw_only=True):
    """How the application is named, beside the event or in it: which is documented nowhere."""

    app_identity: Text = None
    agent_id: Text = None
    agent_name: Text = None


class Event(Naming, rename="pascal", kw_only=True):
    """The member CopilotEventData."""

    app_host: Text = None
    messages: list[Message] | None = None
    accessed_resources: list[Resource] | None = None
    thread_id: Any = None
    contexts: Any = None
    message_ids: Any = None
    model_transparency_details: Any = None
    ai_system_plugin: Any = field(default=None, name="AISystemPlugin")


class Record(Naming, rename="pascal", kw_only=True):
    """An audit record of an interaction."""

    id: str
    creation_time: str
    operation: str
    user_id: Text = None
    event: Event | None = field(default=None, name="CopilotEventData")
    object_id: Text = None
    organization_id: Any = None
    record_type: Any = None
    user_key: Any = None
    user_type: Any = None
    version: Any = None
    workload: Any = None
    client_ip: Any = field(default=None, name="ClientIP")
    client_region: Any = None
    copilot_log_version: Any = None
    agent_version: Any = None
    result_status: Any = None
    scope: Any = None


NO_EVENT = Event()
_decode = Decoder(Record).decode


def decoded(payload: bytes) -> Record | None:
    """The record that this JSON is; None where only patience tells what it is, and whether it is one."""
    try:
        return _decode(payload)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None


def any_jailbreak(messages: Iterable[Message]) -> bool:
    """Whether a message carries a jailbreak mark."""
    for message in messages:  # noqa: SIM110 - a generator costs twice as much, for each of a million records
        if message.jailbreak:
            return True
    return False


def marks(resources: Iterable[Resource]) -> tuple[tuple[str, ...], bool, int, int]:
    """The label ids of the accessed resources, whatever their status; whether one carries an injection mark; how many
    are files, and how many of these have no label."""
    labels: set[str] = set()
    injection = False
    files = unlabelled = 0
    for resource in resources:
        if resource.injection:
            injection = True
        file = resource.type is not None and resource.type.lower() in _FILES
        files += file
        if not (resource.label and (label := clean(resource.label))):
            unlabelled += file
        elif len(labels) < _MOST_LABELS:
            labels.add(label.lower()[:MAX_NAME])
    if files > _MOST_FILES:
        files, unlabelled = _MOST_FILES, min(unlabelled, _MOST_FILES)
    return tuple(sorted(labels)), injection, files, unlabelled
