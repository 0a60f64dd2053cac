"""Finding one person by what somebody writes into a field: the same way on every page."""

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from inventory.models import User


def person_called(text: str, *, active: bool = False) -> User | None:
    """The person of this user name, e-mail address or name, whatever the case; None for an empty text. A user name
    comes first, since no other person can have it. `active`: only who can sign in.

    Raises ValidationError where nobody, or more than one person, is called so.
    """
    text = text.strip()
    if not text:
        return None
    people = User.objects.filter(is_active=True) if active else User.objects.all()
    wanted = Q(username__iexact=text) | Q(email__iexact=text) | Q(display_name__iexact=text)
    found = list(people.filter(wanted).order_by("pk")[:20]) if "\x00" not in text else []
    exact = [one for one in found if one.username.casefold() == text.casefold()]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise ValidationError(_("More than one person is called so. Write a user name or an e-mail address."))
    raise ValidationError(_("Nobody here goes by this name. Write a name, a user name or an e-mail address."))
