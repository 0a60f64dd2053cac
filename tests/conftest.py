"""What every test stands on. Servers, database and workers come from `tests/servers.py`, people from `tests/cast.py`."""

from tests.cast import cast

__all__ = ["cast"]
