"""People: adding them, and letting them in without a password."""

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from sesame.utils import get_token

from inventory import access, audit_log
from inventory.choices import RoleKind
from inventory.models import Department, Role, User


@transaction.atomic
def sign_in_link(user: User, *, actor: User | None) -> str:
    """A link that signs this person in once, within SESAME_MAX_AGE; whoever holds it is that person."""
    access.require_everywhere(actor, access.Permission.ADMIN)
    audit_log.record(
        actor=actor,
        action="user.link_issued",
        summary=f"Sign-in link for {user}",
        obj=user,
    )
    return settings.HUB_URL + reverse("inventory:sign_in_link", args=[get_token(user)])


@transaction.atomic
def first_administrator(*, actor: User | None = None) -> User:
    """The organisation-wide administrator: the first one there is, made without a password where there is none."""
    access.require_everywhere(actor, access.Permission.ADMIN)
    root = Department.objects.root()
    role = (
        Role.objects.select_related("user")
        .filter(department=root, kind=RoleKind.ADMINISTRATOR, user__is_active=True)
        .order_by("user_id")
        .first()
    )
    if role:
        return role.user
    user = User.objects.create_user("administrator", display_name="Administrator")
    Role.objects.create(user=user, department=root, kind=RoleKind.ADMINISTRATOR)
    audit_log.record(actor=actor, action="user.added", summary="First administrator", obj=user)
    return user
