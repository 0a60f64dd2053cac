"""Objects of feeds, read whatever the case of their keys: `Id` and `ID`, `isPrompt` and `IsPrompt` all occur."""

from typing import Any


class Keys:
    """Takes named members out of an object.

    A name may be several: then the first of them that is there counts.
    Records of one source have few shapes, so which key of a shape stands for which name is worked out once for each.

    >>> Keys("id", "name").of({"ID": 7})
    (7, None)
    """

    _MOST_SHAPES = 2048  # a hostile file gives every object its own shape; memory stays flat
    _LONGEST_SHAPE = 64

    def __init__(self, *names: str | tuple[str, ...]) -> None:
        self._names = [(name,) if isinstance(name, str) else name for name in names]
        self._shapes: dict[tuple[str, ...], tuple[str | None, ...]] = {}

    def of(self, value: dict[str, Any]) -> tuple[Any, ...]:
        """The members in the order of the names; None for what is missing."""
        shape = tuple(value)
        keys = self._shapes.get(shape)
        if keys is None:
            keys = self._learn(shape)
        return tuple(map(value.get, keys))  # type: ignore[arg-type]  # get(None) is None: no key of JSON is null

    def _learn(self, shape: tuple[str, ...]) -> tuple[str | None, ...]:
        by_name: dict[str, str] = {}
        for key in shape:
            by_name.setdefault(key.casefold(), key)
        keys = tuple(next((by_name[n] for n in names if n in by_name), None) for names in self._names)
        if len(shape) <= self._LONGEST_SHAPE:
            if len(self._shapes) >= self._MOST_SHAPES:
                self._shapes.clear()
            self._shapes[shape] = keys
        return keys
