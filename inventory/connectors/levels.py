"""How sensitive a label or an information type is, as its name suggests; a person may state otherwise. Pure.

The levels are those of the question `data_sensitivity` (`choices.DataLevel`), least first.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

LEVELS = ("none", "internal", "personal", "confidential", "special_category")
# The first words that occur in a name decide: whole ones, or those that begin like a starred one; none after a denial.
# "Personal" alone is the label of what is private to an employee and of no business: the least that Purview offers.
_MARKED_WORDS = (
    (
        "special_category",
        ("highly confidential", "strictly confidential", "secrets?", "restricted", "special category"),
    ),
    ("confidential", ("confidential",)),
    ("personal", ("personal data", "personal information", "pii", "customer data", "gdpr")),
    ("internal", ("internal", "general", "company", "business")),
)
_DENIALS = ("non", "not", "no")
_DENIED = tuple(f"{no} {word}" for no in _DENIALS for _, words in _MARKED_WORDS for word in words)
_TYPE_WORDS = (
    (
        "special_category",
        ("health*", "medical*", "disease*", "diagnos*", "icd", "biometric*", "genetic*", "ethnic*", "relig*"),
    ),
    (
        "confidential",
        ("password*", "credential*", "secrets?", "keys?", "token*", "connection string*", "certificate*"),
    ),
)


def _patterns(by_level: Iterable[tuple[str, Iterable[str]]]) -> list[tuple[str, re.Pattern[str]]]:
    undenied = "".join(rf"(?<!\b{no} )" for no in _DENIALS)
    return [
        (level, re.compile(rf"{undenied}\b(?:{'|'.join(words)})\b".replace("*", r"\w*"))) for level, words in by_level
    ]


_LABELS = _patterns([*_MARKED_WORDS, ("none", ("public", "personal", "unrestricted", *_DENIED))])
_TYPES = _patterns(_TYPE_WORDS)


class Label(NamedTuple):
    """What of a label says how sensitive it is; `stated`: the level that a person gave it, else empty."""

    key: str
    name: str
    rank: int | None
    parent: str
    stated: str = ""


def of_type(name: str) -> str:
    """The level of a sensitive information type: they are made to find personal data, unless the name says more."""
    return _first(name, _TYPES) or "personal"


def of_labels(labels: Iterable[Label]) -> dict[str, str]:
    """The level of each label by its key; empty where nothing suggests one.

    What a person stated counts. Else a label stands as high as its name says, and never below the label it stands
    under; one whose names say nothing stands as high as the nearest one below it by rank that is known.
    """
    by_key = {label.key: label for label in labels}
    found = {key: _named(label, by_key) for key, label in by_key.items()}
    below = ""
    for label in sorted((one for one in by_key.values() if one.rank is not None), key=lambda one: one.rank or 0):
        found[label.key] = below = found[label.key] or below
    return found


def _named(label: Label, by_key: Mapping[str, Label]) -> str:
    """By the label's own name or the one it stands under; Purview has two storeys of labels and no more."""
    if label.stated:
        return label.stated
    above = by_key.get(label.parent)
    named = [_first(label.name, _LABELS), (above.stated or _first(above.name, _LABELS)) if above else ""]
    return max(named, key=lambda level: LEVELS.index(level) if level else -1)


def _first(name: str, patterns: Iterable[tuple[str, re.Pattern[str]]]) -> str:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)  # names made for machines write HighlyConfidential
    words = " ".join(re.split(r"[\W_]+", apart.casefold()))
    return next((level for level, pattern in patterns if pattern.search(words)), "")
