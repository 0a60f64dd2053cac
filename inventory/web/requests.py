"""The type of a request whose person is known."""

from django.http import HttpRequest

from inventory.models import User


class PersonRequest(HttpRequest):
    """A request behind the login that every page has: `user` is a person. Only a name for the type checker; what views
    are given is Django's own request."""

    user: User
