"""What of a record is content: the text of a prompt, of an answer or of a message. Such text is not taken over.

A row that carries some is a `WithContent`: refused, unless an administrator switched capture on.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from inventory.connectors.base import Item, Unreadable, WithContent
from inventory.connectors.records import Record, inner

REASON = "Contains content (“{}”), which is refused. Nothing of the row is kept."
MOST_TEXT = 64 * 1024  # characters of one row that capture keeps
_MOST_TEXTS = 100  # of one member
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
# In the evidence of an alert: words of names that quote, beginnings of names that count, and values that are no text
_QUOTING = ("prompt", "completion", "modelresponse", "modeloutput", "modelanswer")
_COUNTING = ("number", "count", "total", "is", "has", "promptshield", "prompttokens", "completiontokens")
_FLAGS = frozenset({"true", "false", "yes", "no"})
_LONGEST_KEPT = 100  # characters of a member's name about which it is remembered whether it quotes
_DEEPEST = 30  # levels of an alert that are kept
TAKEN_OUT = "(content, not kept)"
# In free text of an alert: words for what was asked or answered, then a quotation of it. Without quotation marks only
# after a colon, to the end of the line, and only where it is a sentence: "Prompt: blocked" is a state, "Prompts: 3" a
# number.
_SAID = re.compile(
    r"""\b(?P<word>
        (?:prompt|completion)s?(?:\s(?:segment|text|content|excerpt)s?)?
        |(?:model|ai|agent|assistant)\s(?:response|output|answer|reply)(?:\s(?:segment|text|content|excerpt)s?)?
        |user\s(?:asked|wrote|typed|entered|said)
    )
    (?:
        \s{0,5}(?:[:=]|was|is|reads?|says?|said|contain(?:s|ed)|includ(?:es|ed))?\s{0,5}
        (?P<quoted>
            "(?:[^"\\]|\\.)+(?:"|\\?$) | “[^”]+(?:”|$) | „[^“”]+(?:[“”]|$) | «[^»]+(?:»|$) | ‘[^’]+(?:’(?!\w)|$)
            | '(?:[^'\\]|\\.|'(?=\w))+(?:'|\\?$) | `[^`]+(?:`|$)
        )
        | \s{0,5}:\s{0,5}(?P<line>(?![\d"'“„«‘`(])\S{1,80}[^\S\n]{1,5}\S{1,80}[^\S\n]{1,5}\S[^\n]*)
    )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_MARKS = re.compile(r"[:\"“„«‘'`]")  # without one of them nothing is quoted
# What each name that quotes, and each beginning of a quotation, holds without what stands between its letters
_WORDS = (
    *(b"prompt", b"completion", b"response", b"messagetext", b"messagecontent", b"messagebody"),
    *(b"output", b"answer", b"reply", b"userasked", b"userwrote", b"usertyped", b"userentered", b"usersaid"),
)
_BETWEEN = bytes(code for code in range(128) if not chr(code).isalnum())
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


def may_quote(written: bytes) -> bool:
    """Whether `without` may find anything in a record that is written so as JSON: a look at what is read without
    looking into it. What could hide a word (an escape, a letter beyond ASCII) is looked into."""
    if not written.isascii() or b"\\" in written:
        return True
    folded = written.lower().translate(None, _BETWEEN)
    return any(word in folded for word in _WORDS)


def without(record: Record) -> tuple[Record, str]:
    """The record of an alert without content, and the texts that were taken out of it; empty: there was none.

    An alert is not refused for the prompts that its evidence quotes: a threat would be lost with them. Evidence names
    them freely ("Suspicious prompt segment"), as members, as columns of a table, or in a sentence (`_SAID`).
    """
    texts: list[str] = []
    cleared = _cleared(record, texts, 0)
    return (cleared, "\n\n".join(texts)[:MOST_TEXT]) if texts else (record, "")


def _cleared(value: Any, texts: list[str], depth: int) -> Any:
    if depth > _DEEPEST:
        return TAKEN_OUT
    if isinstance(value, list):
        return [_cleared(one, texts, depth + 1) for one in value]
    if isinstance(value, str):
        return _reworded(value, texts)
    if not isinstance(value, dict):
        return value
    cleared = {}
    for key, given in value.items():
        held = inner(given)
        if _quotes(str(key)) and (text := _sentences(held)):
            texts.append(f"{key}: {text}")
            cleared[key] = TAKEN_OUT
        elif isinstance(held, list | dict):
            before = len(texts)
            found = _cleared(held, texts, depth + 1)
            cleared[key] = found if len(texts) > before or held is given else given
        else:
            cleared[key] = _reworded(given, texts) if isinstance(given, str) else given
    return _without_columns(cleared, texts)


def _reworded(sentence: str, texts: list[str]) -> str:
    """A free text without the quotations of what was asked or answered."""
    if not _MARKS.search(sentence):
        return sentence

    def taken_out(found: re.Match[str]) -> str:
        said = found["quoted"] or found["line"]
        if said.startswith(TAKEN_OUT):
            return found[0]
        texts.append(f"{found['word']}: {said}")
        return f"{found[0].removesuffix(said)}{TAKEN_OUT}"

    return _SAID.sub(taken_out, sentence)


def _without_columns(table: dict[str, Any], texts: list[str]) -> dict[str, Any]:
    """Evidence as a table: names in `columns`, and `rows` of cells."""
    columns, rows = table.get("columns"), table.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        return table
    quoting = {place for place, name in enumerate(columns) if _quotes(str(name))}
    kept = []
    for row in rows:
        cells = list(row) if isinstance(row, list) else row
        for place in quoting if isinstance(cells, list) else ():
            if place < len(cells) and (text := _sentences(cells[place])):
                texts.append(f"{columns[place]}: {text}")
                cells[place] = TAKEN_OUT
        kept.append(cells)
    return {**table, "rows": kept}


def _quotes(name: str) -> bool:
    return _known_to_quote(name) if len(name) < _LONGEST_KEPT else _says_so(name)


def _says_so(name: str) -> bool:
    folded = "".join(filter(str.isalnum, name.casefold()))
    return folded in NAMES or (any(word in folded for word in _QUOTING) and not folded.startswith(_COUNTING))


_known_to_quote = lru_cache(4096)(_says_so)  # a file has few names, and each of them at every record


def _sentences(value: Any, depth: int = 0) -> str:
    """The text that is held, itself or within; empty where it is a number, a flag or nothing."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        within = (_sentences(one, depth + 1) for one in value[:100]) if depth < _DEEPEST else ()
        return "\n".join(filter(None, within))
    text = _text(value)
    return "" if text.isdecimal() or text.casefold() in _FLAGS else text


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
    """The text that a member holds, itself or in lists; an empty one where it holds ids, counts or nothing. Without
    recursion, as `_found`."""
    open_ends: list[Any] = [member]
    texts: list[str] = []
    while open_ends and len(texts) < _MOST_TEXTS:
        value = open_ends.pop()
        if isinstance(value, list):
            open_ends.extend(reversed(value[:_MOST_TEXTS]))
        elif isinstance(value, str) and (text := value.strip()):
            texts.append(text)
    return "\n".join(texts)
