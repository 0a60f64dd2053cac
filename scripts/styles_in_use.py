"""Cut a style sheet to the rules that can match: those whose classes are all in use."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_PIECE = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[{};]|[^{};\"'/]+|/", re.DOTALL)
_NESTING = ("@media", "@supports", "@container", "@layer")
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
# :not(), :is() and :where() with what stands in them
_BRACKETS = re.compile(r":(not|is|where)\(((?:[^()]|\([^()]*\))*)\)")
_VARIABLE = re.compile(r"(--[\w-]+)\s*:(?:[^;{}\"'()]|\"[^\"]*\"|'[^']*'|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*;?")


def cut(css: str, classes: Collection[str], beside: str = "") -> str:
    """The rules of `css` that can match where only `classes` are in use, and of its variables and animations those that
    these rules, or the style sheets `beside` it, name."""
    kept = _without_unnamed_variables("".join(_kept(css, classes)), beside)
    named = set(re.findall(r"[\w-]+", " ".join(re.findall(r"animation(?:-name)?:([^;}]+)", kept + beside))))
    return "".join(
        f"{head}{{{body}}}" if body is not None else head
        for head, body in _blocks(kept)
        if not head.startswith("@keyframes") or head.split()[1] in named
    )


def _kept(css: str, classes: Collection[str]) -> Iterator[str]:
    for head, body in _blocks(css):
        if body is None:
            yield head
        elif head.startswith(_NESTING):
            inside = "".join(_kept(body, classes))
            if inside:
                yield f"{head}{{{inside}}}"
        elif head.startswith("@"):
            yield f"{head}{{{body}}}"
        else:
            selectors = [one for one in _selectors(head) if _can_match(one, classes)]
            if selectors:
                yield f"{','.join(selectors)}{{{body}}}"


def _can_match(selector: str, classes: Collection[str]) -> bool:
    """Whether every class that it asks for is in use; of those in :is() or :where() one is enough, in :not() none."""
    if not all(name in classes for name in _CLASS.findall(_BRACKETS.sub("", selector))):
        return False
    return all(
        kind == "not" or any(_can_match(one, classes) for one in _selectors(inside))
        for kind, inside in _BRACKETS.findall(selector)
    )


def _blocks(css: str) -> Iterator[tuple[str, str | None]]:
    """(what stands before the braces, what stands in them) of each rule; None for a statement without braces."""
    head, body, depth = "", "", 0
    for piece in _PIECE.findall(css):
        if piece.startswith("/*"):
            continue
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth -= 1
        elif piece == ";" and not depth:
            yield f"{head.strip()};", None
            head = ""
            continue
        if depth == 0 and piece == "}":
            yield head.strip(), body
            head, body = "", ""
        elif depth > 1 or (depth == 1 and piece != "{"):
            body += piece
        elif not depth:
            head += piece


def _selectors(head: str) -> list[str]:
    """A list of selectors, at the commas that stand in no brackets."""
    found, depth = [""], 0
    for sign in head:
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and not depth:
            found.append("")
        else:
            found[-1] += sign
    return [one.strip() for one in found]


def _without_unnamed_variables(css: str, beside: str) -> str:
    """Variables name one another, so what was named only by one that went goes in the next round."""
    named = set(re.findall(r"var\(\s*(--[\w-]+)", css + beside))
    less = _VARIABLE.sub(lambda one: one[0] if one[1] in named else "", css)
    if less != css:
        return _without_unnamed_variables(less, beside)
    return re.sub(r"(?<=[}{])[^{}]*\{\}", "", less)  # what is empty now
