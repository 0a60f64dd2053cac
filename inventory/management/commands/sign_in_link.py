"""Print a link that signs a person in once: for the first sign-in, and for whoever lost their way in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inventory.models import User
from inventory.services import people


class Command(BaseCommand):
    help = "Print a one-time sign-in link, by default for the first administrator."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="?", help="whom to sign in")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"]
        if name is None:
            user = people.first_administrator(actor=None)
        else:
            found = User.objects.filter(username=name, is_active=True).first()
            if found is None:
                raise CommandError(f"There is no active person with the user name {name!r}.")
            user = found
        self.stdout.write(people.sign_in_link(user, actor=None))
