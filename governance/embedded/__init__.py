"""PostgreSQL and Valkey without an installation: real servers out of wheels, one pair for each state folder.

Every process that needs them enters `servers(...)`. The first one in starts them, whoever comes later joins, and
after the last one has left they stop. Between the processes and a server stands its keeper (`keeper.py`), a small
process of its own session: it starts the server, starts it again should it die, and stops it when nobody holds the
users' lock any more. The lock is a `flock`, so a killed process counts as gone (docs/decisions/0002).

Nothing here needs Django: the settings ask this module where the servers are, before there is any Django.
"""

from .joining import Servers, needed, prepare_folder, servers, to_stderr
from .paths import Home, ServerError, database_settings, redis_url, state_folder
from .running import address, only_one

__all__ = [
    "Home",
    "ServerError",
    "Servers",
    "address",
    "database_settings",
    "needed",
    "only_one",
    "prepare_folder",
    "redis_url",
    "servers",
    "state_folder",
    "to_stderr",
]
