#!/usr/bin/env python
"""The door to every command. A command that needs the database or the queue gets them: those that DATABASE_URL and
REDIS_URL name, or the embedded servers of HUB_HOME, started if they don't run and stopped by whoever leaves last."""

import os
import sys
from contextlib import ExitStack

# Pure functions behind a pipe: no app is needed, so setting up Django, most of their running time, is left out.
PURE = {"score_inputs": "risk", "classify": "risk", "check_method": "risk", "describe_method": "risk"}
# These answer without a database. `up` and `bench` see to their servers themselves.
WITHOUT_SERVERS = {"score_inputs", "classify", "check_method", "describe_method", "up", "bench", "help", "version"}
WITHOUT_SERVERS |= {"check", "diffsettings", "makemigrations", "squashmigrations", "collectstatic", "findstatic"}
WITHOUT_SERVERS |= {"compilemessages", "makemessages", "startapp", "startproject", "sendtestemail", "spectacular"}
WITHOUT_SERVERS |= {"test", "testserver"}
# These come before, or work on, the migrated state.
WITHOUT_MIGRATING = {"migrate", "showmigrations", "sqlmigrate", "dbshell"}


def check_environment() -> None:
    """What would otherwise end in a traceback out of the settings."""
    from governance import embedded

    port = os.environ.get("PORT")
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise embedded.ServerError(f"PORT must be a number from 1 to 65535, not {port!r}.")
    home = embedded.prepare_folder(embedded.state_folder())
    running = "" if port or os.environ.get("HUB_URL") or sys.argv[1:2] == ["up"] else embedded.address(home)
    if running.startswith("http://127.0.0.1:"):
        os.environ["PORT"] = running.rpartition(":")[2]  # links that a command prints lead to the hub that runs here


def run(argv: list[str]) -> None:
    """Run one command, inside the servers it needs."""
    from django.core.management import BaseCommand, ManagementUtility, load_command_class

    if argv[1:] and argv[1] in PURE:
        load_command_class(PURE[argv[1]], argv[1]).run_from_argv(argv)
        return

    from governance import embedded

    with ExitStack() as stack:

        class Utility(ManagementUtility):
            """Django's own, but the servers are there before the command runs."""

            def fetch_command(self, subcommand: str) -> BaseCommand:
                command = super().fetch_command(subcommand)
                if self.argv[1] == subcommand and subcommand not in WITHOUT_SERVERS:
                    # Wrong use ends here with exit code 2, before anything is started for it.
                    command._called_from_command_line = True  # type: ignore[attr-defined]
                    command.create_parser(self.prog_name, subcommand).parse_args(self.argv[2:])
                    stack.enter_context(embedded.servers())
                    if subcommand not in WITHOUT_MIGRATING:
                        from governance.management.migrated import migrate_if_fresh

                        migrate_if_fresh()
                return command

        Utility(argv).execute()


def main() -> int:
    """Returns the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
    try:
        from governance.embedded import ServerError
    except ImportError as error:
        print(f"{error}. Make the environment with `make setup`, then use .venv/bin/python.", file=sys.stderr)
        return 1
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import CommandError
    from django.db import OperationalError, connection

    try:
        check_environment()
        run(sys.argv)
    except (ServerError, CommandError, ImproperlyConfigured) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except OperationalError as error:
        if connection.connection is not None:
            raise  # it was reached, so this is a fault of ours: the whole of it helps
        told = str(error).strip().splitlines()[0]
        print(f"Error: the database can't be reached: {told} (DATABASE_URL)", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
