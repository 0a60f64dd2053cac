"""Chance that is the same every time: drawn from a seed and the name of what is drawn, never from a clock."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_BYTES = 7  # of a digest for one number: what a float holds exactly
_WHOLE = 1 << 8 * _BYTES


class Chance:
    """Draws by name: the same seed and the same words give the same draw, whatever was drawn before."""

    def __init__(self, seed: int) -> None:
        self._key = str(seed).encode()

    def share(self, *words: object) -> float:
        """A number in [0, 1)."""
        return self.shares(1, *words)[0]

    def shares(self, count: int, *words: object) -> list[float]:
        """Up to nine numbers in [0, 1), for the price of one draw."""
        text = "\x1f".join(map(str, words)).encode()
        digest = blake2b(text, digest_size=_BYTES * count, key=self._key).digest()
        return [int.from_bytes(digest[at : at + _BYTES], "big") / _WHOLE for at in range(0, _BYTES * count, _BYTES)]

    def whole(self, least: int, most: int, *words: object) -> int:
        """A whole number from `least` to `most`, both included."""
        return least + int(self.share(*words) * (most - least + 1))

    def between(self, least: float, most: float, *words: object) -> float:
        """A number between the two."""
        return least + self.share(*words) * (most - least)

    def pick(self, options: Sequence[T], *words: object) -> T:
        """One of the options."""
        return options[int(self.share(*words) * len(options))]

    def weighted(self, options: Mapping[str, float], *words: object) -> str:
        """One of the options, by weight."""
        left = self.share(*words) * sum(options.values())
        for option, weight in options.items():
            left -= weight
            if left < 0:
                return option
        return option
