"""Records as forms: from the fields of a section to inputs, and from what was sent to plain values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from risk.method import load_method
from risk.records.content import fingerprint, goals
from risk.records.schema import ColumnSchema, FieldSchema, SectionSchema
from risk.scoring.expressions import Truth

_CELL = re.compile(r"(\d{1,3})-([a-z][a-z0-9_]*)$")
SHOWN = "shown:"
_YES_NO = {"yes": "Yes", "no": "No"}


@dataclass(frozen=True, slots=True)
class Input:
    """One input. `choices`: (value, label, whether chosen); `shown`: the value in words."""

    name: str
    type: str
    text: str
    value: str = ""
    help: str = ""
    choices: Sequence[tuple[str, str, bool]] = ()
    problems: Sequence[str] = ()

    @property
    def shown(self) -> str:
        """What a reader sees."""
        chosen = [label for _, label, is_chosen in self.choices if is_chosen]
        return ", ".join(chosen) if self.choices else self.value

    @property
    def codes(self) -> list[str]:
        """The codes in a field of codes."""
        return [code.strip() for code in self.value.split(",") if code.strip()]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of rows. `at`: its place among the stored ones; None for the empty one at the end."""

    at: int | None
    cells: Sequence[Input]


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal of the Responsible AI Standard. `suggested`: whether it applies by the answers, None where open."""

    id: str
    title: str
    applies: Input
    why: Input
    suggested: Truth


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field of a section, ready to be shown or asked."""

    schema: FieldSchema
    input: Input | None = None
    rows: Sequence[Row] = ()
    goals: Sequence[Goal] = field(default_factory=tuple)
    problems: Sequence[str] = ()

    @property
    def filled_rows(self) -> list[Row]:
        """The rows that hold something."""
        return [row for row in self.rows if row.at is not None]

    @property
    def inputs(self) -> list[Input]:
        """The inputs inside its rows or goals."""
        return [
            *(cell for row in self.rows for cell in row.cells),
            *(i for g in self.goals for i in (g.applies, g.why)),
        ]


def shown_fields(
    section: SectionSchema,
    values: Mapping[str, Any],
    problems: Mapping[str, list[str]],
    suggested: Mapping[str, Truth],
) -> list[ShownField]:
    """The section's fields with their values and what is wrong with them."""
    return [_shown(one, values.get(one.id), problems, suggested) for one in section.fields]


def _shown(
    one: FieldSchema, value: Any, problems: Mapping[str, list[str]], suggested: Mapping[str, Truth]
) -> ShownField:
    if one.type == "rows":
        rows = list(value or [])
        lines = [_row(one, at, row, problems) for at, row in enumerate(rows)]
        if len(rows) < one.most:
            lines.append(_row(one, None, {}, problems, len(rows)))
        return ShownField(one, rows=lines, problems=problems.get(one.id, ()))
    if one.type == "goals":
        found = [
            _goal(one, key, title, value or {}, problems, suggested) for key, title in goals(load_method()).items()
        ]
        return ShownField(one, goals=found)
    return ShownField(one, _input(one.id, one, value, problems), problems=problems.get(one.id, ()))


def _input(name: str, one: FieldSchema | ColumnSchema, value: Any, problems: Mapping[str, list[str]]) -> Input:
    options: Mapping[str, str] = _YES_NO if one.type == "yes_no" else one.options
    chosen = value if isinstance(value, list) else [value or ""]
    return Input(
        name=name,
        type=one.type,
        text=one.text,
        value="" if isinstance(value, list) else str(value or ""),
        help=one.help,
        choices=[(key, label, key in chosen) for key, label in options.items()],
        problems=problems.get(name, ()),
    )


def _row(
    one: FieldSchema, at: int | None, row: Mapping[str, Any], problems: Mapping[str, list[str]], place: int = 0
) -> Row:
    number = place if at is None else at
    cells = [_input(f"{one.id}-{number}-{c.id}", c, row.get(c.id), problems) for c in one.columns]
    return Row(at, cells)


def _goal(
    one: FieldSchema,
    key: str,
    title: str,
    value: Mapping[str, Any],
    problems: Mapping[str, list[str]],
    suggested: Mapping[str, Truth],
) -> Goal:
    given = value.get(key, {})
    names = f"{one.id}-{key}-applies", f"{one.id}-{key}-why"
    choices = [(option, label, given.get("applies") == option) for option, label in _YES_NO.items()]
    applies = Input(names[0], "yes_no", f"{key} applies", choices=choices, problems=problems.get(names[0], ()))
    why = Input(
        names[1], "line", f"Why {key} applies or not", given.get("why", ""), problems=problems.get(names[1], ())
    )
    return Goal(key, title, applies, why, suggested.get(key))


def seen_values(data: QueryDict, section: SectionSchema) -> dict[str, str]:
    """The fingerprints of what the page showed, by field (`shown:<field>`)."""
    return {one.id: str(data[SHOWN + one.id]) for one in section.fields if SHOWN + one.id in data}


def tokens(section: SectionSchema, stored: Mapping[str, Any], data: QueryDict) -> dict[str, str]:
    """The fingerprints that the page carries from now on: of what is stored, but where the person left a field as it
    was shown, of that, since it still stands there."""
    seen, sent, found = seen_values(data, section), sent_values(data, section), {}
    for one in section.fields:
        left = one.id in sent and fingerprint(one, sent[one.id]) == seen.get(one.id)
        found[one.id] = seen[one.id] if left else fingerprint(one, stored.get(one.id))
    return found


def sent_values(data: QueryDict, section: SectionSchema) -> dict[str, Any]:
    """What a form sent for the section's fields, as `risk.records.content` takes it; the rest is left out."""
    found: dict[str, Any] = {}
    for one in section.fields:
        if one.type == "rows":
            if f"{one.id}-rows" in data:
                found[one.id] = _sent_rows(data, one)
        elif one.type == "goals":
            if f"{one.id}-rows" in data:
                found[one.id] = {
                    key: {part: data.get(f"{one.id}-{key}-{part}", "") for part in ("applies", "why")}
                    for key in goals(load_method())
                }
        elif one.type == "multi":
            if one.id in data:
                found[one.id] = [value for value in data.getlist(one.id) if value]
        elif one.id in data:
            found[one.id] = data[one.id]
    return found


def _sent_rows(data: QueryDict, one: FieldSchema) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    columns = {column.id for column in one.columns}
    stored = {int(at) for at in data.getlist(f"{one.id}-rows") if at.isdecimal() and len(at) < 4}
    for name in data:
        match = _CELL.match(name.removeprefix(f"{one.id}-")) if name.startswith(f"{one.id}-") else None
        if match and match.group(2) in columns:
            rows.setdefault(int(match.group(1)), {})[match.group(2)] = data[name]
    return [rows[at] | ({"row": at} if at in stored else {}) for at in sorted(rows)]


def with_emptied_rows(values: Mapping[str, Any], section: SectionSchema, stored: Mapping[str, Any]) -> dict[str, Any]:
    """The sent values with each stored row that is empty now put back: saving as one leaves a field removes no row.

    Somebody may be about to write it anew, and what hangs on it would be gone. Whoever presses "Save" removes it.
    """
    found = dict(values)
    for one in section.fields:
        if one.type == "rows" and one.id in found:
            old = stored.get(one.id, [])
            found[one.id] = [_put_back(row, old) for row in found[one.id]]
    return found


def _put_back(row: dict[str, Any], old: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    at = row.get("row")
    if at is None or at >= len(old) or any(str(value).strip() for key, value in row.items() if key != "row"):
        return row
    return {**old[at], "row": at}
