"""Why a batch can't be undone."""


class CannotUndoError(Exception):
    """What the batch stored can't be taken apart exactly. The message is for people."""
