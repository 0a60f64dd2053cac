"""Conditions over facts and answers in Kleene's three-valued logic: true, false, unknown (None).

The language is `!` not, `&` and, `|` or, parentheses, and atoms such as `app.generative` or `q.annex_iii.5b`;
`always` is true. `&` binds tighter than `|`. Text is parsed into a small tree, never evaluated as code.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from risk.scoring.vocabulary import ALWAYS

Truth: TypeAlias = bool | None
Lookup: TypeAlias = Callable[[str], Truth]

# Truth as a number, so that *and* is the minimum, *or* the maximum and *not* the sign
KLEENE: Mapping[Truth, int] = {True: 1, None: 0, False: -1}

MAX_LENGTH = 2000
MAX_DEPTH = 40

_TOKEN = re.compile(r"\s*(?:(?P<atom>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)|(?P<mark>[!&|()]))")


class ExpressionError(ValueError):
    """The text is not an expression; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One node. `atom`: a name; `not`: one part; `and`, `or`: two parts or more."""

    kind: Literal["atom", "not", "and", "or"]
    name: str = ""
    parts: tuple["Expression", ...] = ()

    def __str__(self) -> str:
        if self.kind == "atom":
            return self.name
        inner = [f"({p})" if p.kind in ("and", "or") else str(p) for p in self.parts]
        return f"!{inner[0]}" if self.kind == "not" else {"and": " & ", "or": " | "}[self.kind].join(inner)


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The expression that `text` says. Raises ExpressionError for anything else."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters")
    return _Parser(text).whole()


class _Parser:
    """Recursive descent with a bound on depth, so that hostile text cannot exhaust the stack."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0

    def whole(self) -> Expression:
        tree = self.either()
        if self.peek():
            raise self.wrong("an operator or the end")
        return tree

    def either(self) -> Expression:
        return self.chain("|", "or", self.both)

    def both(self) -> Expression:
        return self.chain("&", "and", self.single)

    def chain(self, mark: str, kind: Literal["and", "or"], part: Callable[[], Expression]) -> Expression:
        parts = [part()]
        while self.peek() == mark:
            self.at += 1
            parts.append(part())
        return parts[0] if len(parts) == 1 else Expression(kind, parts=tuple(parts))

    def single(self) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH}")
        found = self.peek()
        if found == "!":
            self.at += 1
            tree = Expression("not", parts=(self.single(),))
        elif found == "(":
            self.at += 1
            tree = self.either()
            if self.peek() != ")":
                raise self.wrong("')'")
            self.at += 1
        elif found and found not in "&|)":
            self.at += 1
            tree = Expression("atom", found)
        else:
            raise self.wrong("a name, '!' or '('")
        self.depth -= 1
        return tree

    def peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def wrong(self, expected: str) -> ExpressionError:
        if self.at < len(self.tokens):
            token, place = self.tokens[self.at]
            return ExpressionError(f"expected {expected} at character {place + 1}, found {token!r}")
        return ExpressionError(f"expected {expected}, found the end")


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"unexpected {text[at:].lstrip()[:1]!r} at character {at + 1}")
        yield match.group(match.lastgroup or 0), match.start(match.lastgroup or 0)
        at = match.end()


def evaluate(tree: Expression, lookup: Lookup) -> Truth:
    """Value of the tree where `lookup` gives the value of each atom; `always` is true without asking."""
    kind = tree.kind
    if kind == "atom":
        return True if tree.name == ALWAYS else lookup(tree.name)
    if kind == "not":
        value = evaluate(tree.parts[0], lookup)
        return None if value is None else not value
    decides = kind == "or"  # one true part decides an `or`, one false part an `and`
    unknown = False
    for part in tree.parts:
        value = evaluate(part, lookup)
        if value is decides:
            return decides
        unknown = unknown or value is None
    return None if unknown else not decides


def names(tree: Expression) -> frozenset[str]:
    """Every atom in the tree but `always`."""
    if tree.kind == "atom":
        return frozenset() if tree.name == ALWAYS else frozenset((tree.name,))
    return frozenset().union(*map(names, tree.parts))


def undecided(tree: Expression, lookup: Lookup) -> frozenset[str]:
    """The unknown atoms that keep the tree unknown; empty where it is true or false."""
    if evaluate(tree, lookup) is not None:
        return frozenset()
    if tree.kind == "atom":
        return frozenset((tree.name,))
    return frozenset().union(*(undecided(part, lookup) for part in tree.parts))


def both(left: Truth, right: Truth) -> Truth:
    """Kleene's and."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def either(left: Truth, right: Truth) -> Truth:
    """Kleene's or."""
    if left is True or right is True:
        return True
    return None if left is None or right is None else False
