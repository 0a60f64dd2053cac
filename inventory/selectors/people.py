"""Finding one person by what somebody writes into a field: the same way on every page."""

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from inventory import access
from inventory.models import AIApplication, User

MOST_OWNERS = 20  # offered at once


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


def owners(user: User) -> QuerySet[User]:
    """The people who own an application that the person may see: nobody is told who else there is."""
    owned = access.applications(user).filter(owner=OuterRef("pk")).order_by()
    return User.objects.filter(Exists(owned))


def owners_like(user: User, text: str) -> list[User]:
    """Of these, the first by name whose name, user name or e-mail address contains the text."""
    text = text.replace("\x00", "").strip()
    named = Q(username__icontains=text) | Q(display_name__icontains=text) | Q(email__icontains=text)
    found = owners(user).filter(named) if text else owners(user)
    return list(found.order_by("display_name", "username")[:MOST_OWNERS])


def _once_owners(user: User) -> QuerySet[User]:
    """The people who owned one of these applications at any time: lists of a past day tell of them."""
    versions = AIApplication.pgh_event_model.objects.filter(owner=OuterRef("pk"))  # type: ignore[attr-defined]
    return User.objects.filter(Exists(versions.filter(pgh_obj__in=access.applications(user).order_by().values("pk"))))


def owner_called(user: User, text: str) -> User:
    """The one of these who goes by this user name, name or e-mail address, else of those who owned one once; the person
    themselves by their own user name, whatever they own. Raises ValidationError where nobody, or more than one, is
    called so."""
    if text == user.username:
        return user
    called = Q(username__iexact=text) | Q(email__iexact=text) | Q(display_name__iexact=text)
    for known in (owners(user), _once_owners(user)):
        if found := known.filter(username=text).first():
            return found
        few = list(known.filter(called).order_by("pk")[:2])
        if len(few) == 1:
            return few[0]
        if few:
            raise ValidationError(_("is the name of more than one person. Write a user name or an e-mail address."))
    raise ValidationError(
        _(
            "is nobody who owns an application in your sight. Choose a name from the list, or write a name, a user"
            " name or an e-mail address."
        )
    )
