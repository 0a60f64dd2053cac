"""What is written in a record: read from what was sent, checked, compared. Plain values, no database.

A record's content is `{field: value}`: text for line, text, date, choice and yes_no ("yes", "no"); a list of options
for multi; a list of `{column: value}` for rows; `{goal: {"applies": "yes"|"no", "why": text}}` for goals. Sections
that stand once per row of another field keep their values in that row, beside its columns.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from risk.records import GOALS
from risk.records.schema import ColumnSchema, FieldSchema, FormSchema, SectionSchema
from risk.scoring.method import Method

LINE, TEXT = 300, 8000  # longest line and text, in characters
_CODES = re.compile(r"[\s,;]+")

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place at which two versions differ; empty: nothing was there."""

    place: str
    before: str
    after: str


class Sent:
    """Checks what was sent for one section; `problems` holds what is wrong, by the name of its field."""

    def __init__(self, method: Method) -> None:
        self.method = method
        self.problems: dict[str, list[str]] = {}

    def section(self, section: SectionSchema, given: Mapping[str, Any]) -> Content:
        """The values of the section's fields; a field that was not sent is left out."""
        return {field.id: self._field(field, given[field.id]) for field in section.fields if field.id in given}

    def _field(self, field: FieldSchema, value: Any) -> Any:
        if field.type == "multi":
            return self._multi(field, value)
        if field.type == "rows":
            return self._rows(field, value)
        if field.type == "goals":
            return self._goals(field, value)
        return self._plain(field.id, field.type, field.options, value)

    def _multi(self, field: FieldSchema, value: Any) -> list[str]:
        given = value if isinstance(value, list) else []
        if any(option not in field.options for option in given):
            self._wrong(field.id, f"Choose among: {', '.join(field.options)}.")
        return [option for option in field.options if option in given]

    def _rows(self, field: FieldSchema, value: Any) -> list[Content]:
        rows = []
        for at, row in enumerate(value if isinstance(value, list) else []):
            found = {
                column.id: self._cell(f"{field.id}-{at}-{column.id}", column, row.get(column.id, ""))
                for column in field.columns
            }
            if any(found.values()):
                rows.append(found | {"row": row["row"]} if "row" in row else found)
        if len(rows) > field.most:
            self._wrong(field.id, f"At most {field.most} rows.")
        return rows

    def _cell(self, name: str, column: ColumnSchema, value: Any) -> str:
        if column.type != "codes":
            return self._plain(name, column.type, column.options, value)
        codes = [code for code in _CODES.split(str(value).upper().strip()) if code]
        known = goals(self.method) if column.of == "goals" else self.method.controls
        unknown = [code for code in codes if code not in known]
        if unknown:
            self._wrong(name, f"No {column.of.removesuffix('s')} {', '.join(unknown[:3])[:60]}.")
        return ", ".join(dict.fromkeys(codes))[:LINE]

    def _goals(self, field: FieldSchema, value: Any) -> Content:
        found = {}
        for goal in goals(self.method):
            given = value.get(goal, {}) if isinstance(value, Mapping) else {}
            applies = self._plain(f"{field.id}-{goal}-applies", "yes_no", {}, given.get("applies", ""))
            why = self._plain(f"{field.id}-{goal}-why", "line", {}, given.get("why", ""))
            if applies or why:
                found[goal] = {"applies": applies, "why": why}
        return found

    def _plain(self, name: str, kind: str, options: Mapping[str, str], value: Any) -> str:
        text = str(value or "").replace("\r\n", "\n").strip()
        longest = TEXT if kind == "text" else LINE
        if len(text) > longest:
            self._wrong(name, f"{len(text):,} characters; at most {longest:,}.")
        elif "\x00" in text:
            self._wrong(name, "This text contains a character that can't be stored (NUL).")
        elif kind == "yes_no" and text not in ("", "yes", "no"):
            self._wrong(name, "Choose yes or no.")
        elif kind == "choice" and text and text not in options:
            self._wrong(name, f"Choose one of: {', '.join(options)}.")
        elif kind == "date" and text and not _is_day(text):
            self._wrong(name, "Write the day as 2026-11-22.")
        return text

    def _wrong(self, name: str, message: str) -> None:
        self.problems.setdefault(name, []).append(message)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def goals(method: Method) -> dict[str, str]:
    """Goal → title, of the Responsible AI Standard."""
    return {key: one.title for key, one in method.frameworks[GOALS].requirements.items()}


def merged(form: FormSchema, section: SectionSchema, content: Content, sent: Content, row: int | None) -> Content:
    """The content with a section's values put in. Rows that others hang on keep what hangs on them, by `row`."""
    if section.per:
        rows = [dict(one) for one in content.get(section.per, [])]
        rows[row or 0] |= sent
        return content | {section.per: rows}
    result = content | sent
    for field in section.fields:
        hanging = [one for one in form.sections if one.per == field.id]
        if field.type == "rows" and field.id in sent:
            old = content.get(field.id, [])
            result[field.id] = [_kept(one, old if hanging else []) for one in sent[field.id]]
    return result


def _kept(row: Content, old: Sequence[Content]) -> Content:
    plain = {key: value for key, value in row.items() if key != "row"}
    at = row.get("row")
    return {**old[at], **plain} if isinstance(at, int) and 0 <= at < len(old) else plain


def triggers(form: FormSchema, content: Content) -> list[str]:
    """What calls for more than one signature, as `trigger:field` or `trigger:field.option`, in the form's order."""
    found = []
    for section in form.sections:
        for field in section.fields:
            value = content.get(field.id)
            if field.trigger and field.type == "yes_no" and value == "yes":
                found.append(f"{field.trigger}:{field.id}")
            elif field.trigger and isinstance(value, list):
                found += [f"{field.trigger}:{field.id}.{option}" for option in value]
    return found


def trigger_text(form: FormSchema, trigger: str) -> str:
    """A trigger in the form's words."""
    name, _, option = trigger.partition(":")[2].partition(".")
    for section in form.sections:
        for field in section.fields:
            if field.id == name:
                return field.options.get(option, field.text)
    return trigger


def missing(form: FormSchema, content: Content, method: Method) -> list[str]:
    """What still has to be filled before it can be submitted, in words."""
    return [f"{place}: {field.text}" for _, place, field in gaps(form, content, method)]


def gaps(form: FormSchema, content: Content, method: Method) -> list[tuple[int, str, FieldSchema]]:
    """(which of the pages, its title, field) of each field that still has to be filled."""
    return [
        (at, place, field)
        for at, (place, section, values) in enumerate(pages(form, content))
        for field in section.fields
        if field.needed and not _filled(field, values.get(field.id), method)
    ]


def _filled(field: FieldSchema, value: Any, method: Method) -> bool:
    if field.type != "goals":
        return bool(value)
    given = value or {}
    return all(given.get(goal, {}).get("applies") and given[goal].get("why") for goal in goals(method))


def fingerprint(field: FieldSchema, value: Any) -> str:
    """Short for a field's value as a page shows it: the same where it reads the same."""
    plain: Any = "" if value is None else value
    if field.type == "rows":
        plain = [[str(row.get(column.id) or "").strip() for column in field.columns] for row in value or []]
        plain = [row for row in plain if any(row)]
    elif field.type == "goals":
        said = {
            key: [str(one.get(part) or "").strip() for part in ("applies", "why")] for key, one in (value or {}).items()
        }
        plain = {key: one for key, one in said.items() if any(one)}
    elif field.type == "multi":
        plain = sorted(value or [])
    else:
        plain = str(plain).replace("\r\n", "\n").strip()
    return sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:20]


def pages(form: FormSchema, content: Content) -> Iterator[tuple[str, SectionSchema, Content]]:
    """(title, section, its values) in order, a section that stands once per row as often as there are rows."""
    for section in form.sections:
        if not section.per:
            yield section.title, section, content
            continue
        for at, row in enumerate(content.get(section.per, [])):
            yield use_title(section, row, at), section, row


def use_title(section: SectionSchema, row: Content, at: int) -> str:
    """ "Use 2: loan officers, pre-check of applications"."""
    words = ", ".join(str(row[key]) for key in ("who", "what") if row.get(key))
    return f"{section.title} {at + 1}: {words}"[:120]


def differences(form: FormSchema, before: Content, after: Content) -> list[Difference]:
    """Every place at which two contents differ, in the order of the form."""
    old, new = _flat(form, before), _flat(form, after)
    places = list(dict.fromkeys([*new, *old]))
    return [Difference(one, old.get(one, ""), new.get(one, "")) for one in places if old.get(one) != new.get(one)]


def _flat(form: FormSchema, content: Content) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, section, values in pages(form, content):
        for field in section.fields:
            label = f"{place} › {field.text}"
            found |= {f"{label}{part}": text for part, text in _texts(field, values.get(field.id)) if text}
    return found


def _texts(field: FieldSchema, value: Any) -> Iterator[tuple[str, str]]:
    if field.type == "rows":
        for at, row in enumerate(value or []):
            for column in field.columns:
                text = str(row.get(column.id, ""))
                yield f" › {at + 1} {column.text}", column.options.get(text, text)
    elif field.type == "goals":
        for goal, given in (value or {}).items():
            yield f" › {goal}", f"{given.get('applies', '')}: {given.get('why', '')}".strip(": ")
    elif field.type == "multi":
        yield "", ", ".join(field.options.get(option, option) for option in value or [])
    else:
        yield "", field.options.get(value or "", str(value or ""))
