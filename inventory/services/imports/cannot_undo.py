"""Why a batch can't be undone, and how its refusals speak of numbers."""


class CannotUndoError(Exception):
    """What the batch stored can't be taken apart exactly. The message is for people."""


def counted(number: int, one: str, many: str = "") -> str:
    """A number and its noun, in English: what is kept in the log (docs/decisions/0030)."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
