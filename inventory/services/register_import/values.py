"""Cells → values of the register: codes or labels of choices, lengths, identifiers. Pure: no database."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import TextChoices

from inventory.choices import ApplicationKind, IdentifierKind, Lifecycle, Origin, in_english
from inventory.services.register_import.reading import NEEDED, SAVE_AS_UTF8, Problem, Row, printable

CHOICES: dict[str, type[TextChoices]] = {"kind": ApplicationKind, "origin": Origin, "lifecycle": Lifecycle}
LENGTHS = {"external_id": 64, "name": 200, "vendor": 200, "purpose": 4000, "owner": 150, "deputy": 150}
IDENTIFIER_LENGTH = 500
_NOT_UTF8 = re.compile("[\ud800-\udfff]")  # how the reader marks bytes that are no UTF-8
SEVERAL_LINES = {"purpose"}

Identifiers = dict[tuple[str, str], str]  # (kind, folded value) → value
Report = Callable[[str, str, str], None]  # column, problem, mend


@dataclass(slots=True)
class Draft:
    """One row, as far as it can be understood without the register. An empty cell is not in `values`."""

    line: int
    values: dict[str, str] = field(default_factory=dict)
    identifiers: Identifiers | None = None

    def get(self, column: str) -> str:
        return self.values.get(column, "")


def read_drafts(rows: list[Row], problems: list[Problem]) -> list[Draft]:
    """A draft for each row; what is wrong with a cell is added to `problems`, and the cell counts as empty."""
    return [_draft(row, problems) for row in rows]


def _draft(row: Row, problems: list[Problem]) -> Draft:
    draft = Draft(row.line)

    def report(column: str, problem: str, mend: str) -> None:
        problems.append(Problem(row.line, column, problem, mend))

    for column, text in row.cells.items():
        if not text:
            if column in NEEDED:
                report(column, "The cell is empty.", _what_to_write(column))
        elif _readable(column, text, report):
            if column == "identifiers":
                draft.identifiers = _identifiers(text, report)
            elif column not in CHOICES:
                draft.values[column] = text
            elif code := _choice(column, text, report):
                draft.values[column] = code
    return draft


def _readable(column: str, text: str, report: Report) -> bool:
    if not text.isascii() and _NOT_UTF8.search(text):
        report(column, f"“{printable(text)}” contains characters that are not UTF-8.", SAVE_AS_UTF8)
        return False
    if "\x00" in text:
        report(column, "The cell contains a NUL character.", "Remove it.")
        return False
    if column not in SEVERAL_LINES and ("\n" in text or "\r" in text):
        report(column, f"“{printable(text)}” has a line break.", "Write it on one line; a quotation mark may be open.")
        return False
    longest = LENGTHS.get(column)
    if longest and len(text) > longest:
        report(column, f"The text has {len(text)} characters.", f"Shorten it to at most {longest}.")
        return False
    return True


def _what_to_write(column: str) -> str:
    if column in CHOICES:
        return f"Write one of: {', '.join(CHOICES[column].values)}."
    return {
        "name": "Write the application's name.",
        "purpose": "Write in a sentence what it is for.",
        "department": "Write the key or the name of the department that answers for it.",
    }[column]


def fold(text: str) -> str:
    """Case, hyphens, underscores and runs of spaces don't matter: "Embedded-Feature" is embedded_feature."""
    return " ".join(text.casefold().replace("-", " ").replace("_", " ").split())


_CODES = {
    column: {fold(spelling): code for code, label in choices.choices for spelling in (code, in_english(label))}
    for column, choices in CHOICES.items()
}
_IDENTIFIER_KINDS = {
    fold(spelling): code for code, label in IdentifierKind.choices for spelling in (code, in_english(label))
}


def _choice(column: str, text: str, report: Report) -> str:
    code = _CODES[column].get(fold(text), "")
    if not code:
        report(column, f"“{printable(text)}” is not known.", _what_to_write(column))
    return code


def _identifiers(text: str, report: Report) -> Identifiers:
    """`type:value;type:value`; only the first colon of each separates, so values may hold colons."""
    found: Identifiers = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        name, colon, value = part.partition(":")
        kind, value = _IDENTIFIER_KINDS.get(fold(name)), value.strip()
        if not colon or kind is None:
            mend = f"Write type:value;type:value with a type of: {', '.join(IdentifierKind.values)}."
            report("identifiers", f"“{printable(part)}” has no known type.", mend)
        elif not value:
            report("identifiers", f"“{printable(part)}” has no value.", "Write it after the colon or remove the type.")
        elif len(value.casefold()) > IDENTIFIER_LENGTH or len(value) > IDENTIFIER_LENGTH:
            report("identifiers", f"“{printable(part)}” is too long.", f"At most {IDENTIFIER_LENGTH} characters.")
        else:
            found.setdefault((kind, value.casefold()), value)
    return found
