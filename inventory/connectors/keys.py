"""Objects of feeds, read whatever the case of their keys: `Id` and `ID`, `isPrompt` and `IsPrompt` all occur."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

_MISSING = -1  # the place of what is missing: behind the last value stands None


class Keys:
    """Takes named members out of objects.

    A name may be several: then the first of them that is there counts.
    Records of one source have few shapes, so which key of a shape stands for which name is worked out once for each.

    >>> Keys("id", "name").of({"ID": 7})
    (7, None)
    """

    _MOST_SHAPES = 2048  # a hostile file gives every object its own shape; memory stays flat
    _LONGEST_SHAPE = 64

    def __init__(self, *names: str | tuple[str, ...]) -> None:
        assert len(names) > 1, "of one name itemgetter gives no tuple"
        self._names = [(name,) if isinstance(name, str) else name for name in names]
        self._shapes: dict[tuple[str, ...], Callable[[Any], tuple[Any, ...]]] = {}

    def of(self, value: dict[str, Any]) -> tuple[Any, ...]:
        """The members in the order of the names; None for what is missing."""
        shape = tuple(value)
        try:
            take = self._shapes[shape]
        except KeyError:
            take = self._learn(shape)
        return take((*value.values(), None))

    def _learn(self, shape: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
        by_name: dict[str, int] = {}
        for place, key in enumerate(shape):
            by_name.setdefault(key.casefold(), place)
        places = [next((by_name[n] for n in names if n in by_name), _MISSING) for names in self._names]
        take = itemgetter(*places)
        if len(shape) <= self._LONGEST_SHAPE:
            if len(self._shapes) >= self._MOST_SHAPES:
                self._shapes.clear()
            self._shapes[shape] = take
        return take
