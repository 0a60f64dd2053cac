"""Cut a style sheet to the rules that can match: those whose classes are all in use."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from itertools import pairwise

from tinycss2 import parse_rule_list, parse_stylesheet, serialize
from tinycss2.ast import AtRule, Node, QualifiedRule

_NESTING = {"media", "supports", "container", "layer"}

Rule = AtRule | QualifiedRule


def cut(css: str, classes: Collection[str], beside: str = "") -> str:
    """The rules of `css` that can match where only `classes` are in use, and of its variables and animations those that
    these rules, or the style sheets `beside` it, name."""
    before, kept = "", _rules(css, lambda rule: _with_classes(rule, classes))
    while kept != before:  # variables name one another, so what was named only by one that went goes in the next round
        variables = set(re.findall(r"var\(\s*(--[\w-]+)", kept + beside))
        animations = set(re.findall(r"[\w-]+", " ".join(re.findall(r"animation(?:-name)?:([^;}]+)", kept + beside))))
        before, kept = kept, _rules(kept, lambda rule: _with_named(rule, variables, animations))  # noqa: B023 (at once)
    return kept


def _rules(css: str | Iterable[Node], kept: Callable[[Rule], str]) -> str:
    """The text of the rules as `kept` gives them, also in @media and its like, which go when they are empty."""
    found = []
    for rule in parse_stylesheet(css, True, True) if isinstance(css, str) else parse_rule_list(css, True, True):
        if rule.type == "error":
            raise SystemExit(f"style sheet, {rule.source_line}:{rule.source_column}: {rule.message}")
        if rule.type == "at-rule" and rule.lower_at_keyword in _NESTING and rule.content is not None:
            inside = _rules(rule.content, kept)
            found.append(f"@{rule.at_keyword}{serialize(rule.prelude)}{{{inside}}}" if inside else "")
        else:
            found.append(kept(rule))
    return "".join(found)


def _with_classes(rule: Rule, classes: Collection[str]) -> str:
    if rule.type == "at-rule":
        return rule.serialize()
    able = [serialize(one).strip() for one in _parts(rule.prelude, ",") if _can_match(one, classes)]
    return f"{','.join(able)}{{{serialize(rule.content)}}}" if able else ""


def _can_match(selector: list[Node], classes: Collection[str]) -> bool:
    """Whether every class that it asks for is in use; of those in :is() and its like one is enough, in :not() none."""
    for before, token in pairwise([None, *selector]):
        if token.type == "ident" and before == "." and token.value not in classes:
            return False
        one_of = token.type == "function" and token.lower_name != "not"
        if one_of and not any(_can_match(one, classes) for one in _parts(token.arguments, ",")):
            return False
    return True


def _with_named(rule: Rule, variables: Collection[str], animations: Collection[str]) -> str:
    if rule.type == "at-rule":
        gone = rule.lower_at_keyword == "keyframes" and serialize(rule.prelude).strip() not in animations
        return "" if gone else rule.serialize()
    said = [serialize(one).strip() for one in _parts(rule.content, ";")]
    body = ";".join(one for one in said if one and (one[:2] != "--" or one.partition(":")[0].strip() in variables))
    return f"{serialize(rule.prelude)}{{{body}}}" if body else ""


def _parts(tokens: Iterable[Node], sign: str) -> list[list[Node]]:
    """The tokens between the signs; what stands in brackets is one token."""
    parts: list[list[Node]] = [[]]
    for token in tokens:
        if token == sign:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
