"""Objects of feeds, read whatever the case of their keys: `Id` and `ID`, `isPrompt` and `IsPrompt` all occur."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

# Under this key, which no JSON object has, stands what is missing.
MISSING: Any = None


class Keys:
    """Takes named members out of an object of which nobody else needs the keys afterwards: it gets one more, MISSING.

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
        self._nothing = (None,) * len(names)
        self._shapes: dict[tuple[str, ...], Callable[[Any], tuple[Any, ...]] | None] = {}

    def of(self, value: dict[str, Any]) -> tuple[Any, ...]:
        """The members in the order of the names; None for what is missing."""
        shape = tuple(value)
        try:
            take = self._shapes[shape]
        except KeyError:
            take = self._learn(shape)
        if take is None:
            return self._nothing
        value[MISSING] = None
        return take(value)

    def _learn(self, shape: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]] | None:
        by_name: dict[str, str] = {}
        for key in shape:
            if key is not MISSING:
                by_name.setdefault(key.casefold(), key)
        keys = [next((by_name[n] for n in names if n in by_name), MISSING) for names in self._names]
        take = itemgetter(*keys) if any(key is not MISSING for key in keys) else None
        if len(shape) <= self._LONGEST_SHAPE:
            if len(self._shapes) >= self._MOST_SHAPES:
                self._shapes.clear()
            self._shapes[shape] = take
        return take
