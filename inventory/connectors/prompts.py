"""What of a record is content: the text of a prompt, of an answer or of a message. Such text is not taken over.

A row that carries some is a `WithContent`: refused, unless an administrator switched capture on.
"""

import re
from collections.abc import Iterable
from typing import Any

from inventory.connectors.base import Item, Unreadable, WithContent
from inventory.connectors.records import Record, inner

REASON = "Contains content (“{}”), which is refused. Nothing of the row is kept."
MOST_TEXT = 64 * 1024  # characters of one row that capture keeps
# Folded names of members whose text is content, wherever they stand
NAMES = frozenset(
    {
        "prompt", "prompts", "prompttext", "promptcontent", "userprompt", "response", "responses", "responsetext",
        "responsecontent", "completion", "completions", "messagetext", "messagecontent", "messagebody", "airesponse",
    }
)  # fmt: skip
# Names that mean content within a message, and many other things elsewhere
IN_MESSAGES = frozenset({"text", "content", "body", "message"})
_MESSAGES = frozenset({"messages", "enrichedmessages"})
# The same as written in a row that can't be read as JSON, quotes doubled or not
_WRITTEN = re.compile(
    rb'"\s*(?:' + b"|".join(sorted(name.encode() for name in NAMES | IN_MESSAGES)) + rb')\s*\\?"{1,2}\s*:',
    re.IGNORECASE,
)


def checked(item: Item, record: Record) -> Item:
    """The item, or that its record carries content besides."""
    found = list(_found(record))
    if not found or isinstance(item, Unreadable):
        # what can't be read is kept for people to look at, but not with content in it
        return item._replace(raw=b"") if found and isinstance(item, Unreadable) else item
    text = "\n\n".join(f"{name}: {text}" for name, text in found)
    return WithContent(item.line, item, REASON.format(found[0][0][:60]), text[:MOST_TEXT].encode("utf-8", "replace"))


def written_in(raw: bytes) -> bool:
    """Whether a row that can't be read names a member that would be content."""
    return _WRITTEN.search(raw) is not None


def in_header(start: bytes) -> bool:
    """Whether the first line of a table, folded as headers are, names a column of content."""
    line = start.split(b"\n", 1)[0].decode("utf-8", "replace").casefold()
    return any("".join(filter(str.isalnum, name)) in NAMES for name in re.split(r"[,;\t]", line))


def _found(record: Record) -> Iterable[tuple[str, str]]:
    """Members that hold content, with their texts. Without recursion: a record may be nested deeply."""
    open_ends: list[tuple[Any, bool]] = [(record, False)]
    while open_ends:
        value, in_messages = open_ends.pop()
        if isinstance(value, list):
            open_ends.extend((one, in_messages) for one in value)
        elif isinstance(value, dict):
            for key, member in value.items():
                folded = "".join(filter(str.isalnum, key.casefold())) if isinstance(key, str) else ""
                named = folded in NAMES or (in_messages and folded in IN_MESSAGES)
                if named and (text := _text(member)):
                    yield key, text
                    continue
                member = inner(member)
                if isinstance(member, list | dict):
                    open_ends.append((member, in_messages or folded in _MESSAGES))


def _text(member: Any) -> str:
    """The text that a member holds, itself or in a list; an empty one where it holds ids, counts or nothing."""
    if isinstance(member, list):
        return "\n".join(filter(None, map(_text, member[:100])))
    return member.strip() if isinstance(member, str) else ""
