"""Saving, renaming, sharing and deleting views, and choosing the one to start with."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.http import QueryDict
from django.utils.translation import gettext as _

from governance.models import SavedView, StartPage
from governance.selectors.views import PAGES, split
from inventory import access, audit_log
from inventory.access import Permission
from inventory.choices import in_english
from inventory.models import Department, User

MOST_VIEWS = 100  # of one person
LONGEST_NAME, LONGEST_QUERY = 100, 2000
_NOT_KEPT = ("page", "csrfmiddlewaretoken")


def save(*, actor: User, name: str, page: str, query: str) -> SavedView:
    """A view of the actor's own; one of the same name is replaced by it."""
    if split(page, query) is None:
        raise ValidationError(_("This page can't be saved as a view."))
    given, cleaned = _name(name), _query(query)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=actor.pk)  # so that two saves don't both find the last free place
        view = SavedView.objects.filter(owner=actor, name=given).first()
        if view is None and SavedView.objects.filter(owner=actor).count() >= MOST_VIEWS:
            raise ValidationError(_("You have %(n)s views, which is the most. Delete one first.") % {"n": MOST_VIEWS})
        view = view or SavedView(owner=actor, name=given)
        view.page, view.query, view.changed_at = page, cleaned, Now()
        view.save()
        _note(actor, "view.saved", f"View {given}: {in_english(PAGES[page])}", view)
    return view


def rename(*, actor: User, view: SavedView, name: str) -> None:
    """Give one of the actor's views another name."""
    _own(actor, view)
    before, given = view.name, _name(name)
    try:
        with transaction.atomic():
            SavedView.objects.filter(pk=view.pk).update(name=given, changed_at=Now())
            _note(actor, "view.renamed", f"View {before} is now {given}", view)
    except IntegrityError as error:
        raise ValidationError(_("You have a view %(given)s already.") % {"given": given}) from error


@transaction.atomic
def share(*, actor: User, view: SavedView, department: Department | None) -> None:
    """Share a view of the actor's with everybody around a department in which they may share; None: with nobody."""
    _own(actor, view)
    if department is not None:
        access.require(actor, Permission.SHARE, department)
    SavedView.objects.filter(pk=view.pk).update(department=department, changed_at=Now())
    action, words = ("view.shared", f"shared in {department}") if department else ("view.unshared", "no longer shared")
    _note(actor, action, f"View {view.name} {words}", view, department)


@transaction.atomic
def delete(*, actor: User, view: SavedView) -> None:
    """Delete one of the actor's views; who started with it starts with the overview again."""
    _own(actor, view)
    _note(actor, "view.deleted", f"View {view.name} deleted", view, view.department)
    view.delete()


@transaction.atomic
def start_with(*, actor: User, view: SavedView | None) -> None:
    """Choose the view that the actor comes to after signing in; None: the overview. `view` is one they may open."""
    if view is None:
        StartPage.objects.filter(user=actor).delete()
    else:
        StartPage.objects.update_or_create(user=actor, defaults={"view": view})
    _note(actor, "view.start_chosen", f"Starts with {view.name if view else 'the overview'}", view)


def _own(actor: User, view: SavedView) -> None:
    if view.owner_id != actor.pk:
        raise ValidationError(_("Only its owner changes a view."))


def _name(text: str) -> str:
    name = " ".join(text.replace("\x00", "").split())
    if not name or len(name) > LONGEST_NAME:
        raise ValidationError(_("Give the view a name of at most %(n)s characters.") % {"n": LONGEST_NAME})
    return name


def _query(text: str) -> str:
    query = QueryDict(text.replace("\x00", "")[: 2 * LONGEST_QUERY], mutable=True)
    for name in _NOT_KEPT:
        query.pop(name, None)
    cleaned = query.urlencode()
    if len(cleaned) > LONGEST_QUERY:
        raise ValidationError(_("The address of this page is too long to be saved."))
    return cleaned


def _note(actor: User, action: str, summary: str, view: SavedView | None, department: Department | None = None) -> None:
    details = {"page": view.page, "query": view.query} if view else {}
    audit_log.record(actor=actor, action=action, summary=summary, obj=view, department=department, details=details)
