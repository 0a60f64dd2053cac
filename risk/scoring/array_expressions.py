"""Conditions over facts for many applications at once: truth is 1, 0 (unknown) or −1, so that Kleene's *and* is the
minimum, *or* the maximum and *not* the sign. Each different part of the conditions is worked out once.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.scoring.expressions import Expression
from risk.scoring.vocabulary import ALWAYS

Flags: TypeAlias = NDArray[np.bool_]
Truths: TypeAlias = NDArray[np.int8]


class Conditions:
    """Expressions taken apart: `nodes` are their different parts, each after its own parts; `place` finds one."""

    def __init__(self, expressions: Iterable[Expression]) -> None:
        self.nodes: list[Expression] = []
        self.place: dict[Expression, int] = {}
        self._parts: list[tuple[int, ...]] = []
        self._roots = tuple(self._add(one) for one in expressions)

    def _add(self, tree: Expression) -> int:
        if tree not in self.place:
            parts = tuple(self._add(part) for part in tree.parts)
            self.place[tree] = len(self.nodes)
            self.nodes.append(tree)
            self._parts.append(parts)
        return self.place[tree]

    def values(self, facts: Mapping[str, Truths], rows: int) -> Truths:
        """Truth by node and application, as `expressions.evaluate` says it."""
        found = np.empty((len(self.nodes), rows), np.int8)
        for node, parts, value in zip(self.nodes, self._parts, found, strict=True):
            if node.kind == "atom":
                value[:] = 1 if node.name == ALWAYS else facts[node.name]
            elif node.kind == "not":
                np.negative(found[parts[0]], out=value)
            else:
                join = np.minimum if node.kind == "and" else np.maximum
                value[:] = found[parts[0]]
                for part in parts[1:]:
                    join(value, found[part], out=value)
        return found

    def hanging(self, values: Truths) -> dict[str, Flags]:
        """By atom: where it is one of the unknowns that keep a condition unknown, as `expressions.undecided` finds
        them."""
        unknown = values == 0
        wanted = np.zeros(unknown.shape, bool)
        wanted[list(self._roots)] = True
        found = {}
        for place in range(len(self.nodes) - 1, -1, -1):
            wanted[place] &= unknown[place]
            for part in self._parts[place]:
                wanted[part] |= wanted[place]
            if self.nodes[place].kind == "atom":
                found[self.nodes[place].name] = wanted[place]
        return found
