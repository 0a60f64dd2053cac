"""People: adding them, giving and taking roles, and letting them in without a password.

Wrong input raises ValidationError with a message for each field. Only who administers the whole organisation may.
"""

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from sesame.utils import get_token

from inventory import access, audit_log
from inventory.access import Permission
from inventory.choices import RoleKind, in_english
from inventory.models import Department, Role, User
from inventory.services import sessions


@transaction.atomic
def sign_in_link(user: User, *, actor: User | None) -> str:
    """A link that signs this person in once, within SESAME_MAX_AGE; whoever holds it is that person."""
    access.require_everywhere(actor, Permission.ADMIN)
    if not user.is_active:
        raise ValidationError(_("%(user)s can't sign in. Let them in first, then make a link.") % {"user": user})
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
    access.require_everywhere(actor, Permission.ADMIN)
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
    audit_log.record(actor=actor, action="user.added", summary="First administrator", obj=user)
    give_role(actor=actor, user=user, department=root, kind=RoleKind.ADMINISTRATOR)
    return user


@transaction.atomic
def add_person(*, actor: User | None, username: str, email: str = "", display_name: str = "") -> User:
    """Add somebody who may sign in; what they may see comes with roles.

    A person known only as an owner in the register (who can't sign in yet) is let in rather than added a second time.
    """
    access.require_everywhere(actor, Permission.ADMIN)
    username, email = username.strip(), email.strip().lower()
    known = User.objects.select_for_update().filter(username__iexact=username).first()
    if known and known.is_active:
        raise ValidationError(
            {"username": _("There is a person with the user name %(username)s already.") % {"username": known.username}}
        )
    user = known or User(username=username, is_active=True)
    user.email, user.display_name = email or user.email, display_name.strip() or user.display_name
    user.is_active = True
    _check_email(user)
    if known is None:
        user.set_unusable_password()
    user.full_clean(exclude=["password"])
    user.save()
    audit_log.record(actor=actor, action="user.added", summary=f"Added {user} ({user.username})", obj=user)
    return user


@transaction.atomic
def update_person(*, actor: User | None, user: User, email: str, display_name: str) -> User:
    """Change how a person is called and reached. The user name stays: the audit log names people by it."""
    access.require_everywhere(actor, Permission.ADMIN)
    user = User.objects.select_for_update().get(pk=user.pk)
    before = {"email": user.email, "display_name": user.display_name}
    user.email, user.display_name = email.strip().lower(), display_name.strip()
    changed = {name: [old, getattr(user, name)] for name, old in before.items() if getattr(user, name) != old}
    if not changed:
        return user
    _check_email(user)
    user.full_clean(exclude=["password"])
    user.save(update_fields=list(changed))
    audit_log.record(
        actor=actor, action="user.updated", summary=f"Changed {user.username}", obj=user, details={"changes": changed}
    )
    return user


@transaction.atomic
def set_active(*, actor: User | None, user: User, active: bool) -> User:
    """Let a person in, or keep them out: their sessions end at once and their API tokens are deleted."""
    access.require_everywhere(actor, Permission.ADMIN)
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_active == active:
        return user
    user.is_active = active
    user.save(update_fields=["is_active"])
    if not active:
        _keep_an_administrator()
        sessions.end_all(user)
        sessions.delete_tokens(user)
    verb = "let_in" if active else "kept_out"
    audit_log.record(
        actor=actor, action=f"user.{verb}", summary=f"{user} may {'' if active else 'not '}sign in", obj=user
    )
    return user


@transaction.atomic
def set_password(*, actor: User, user: User, password: str) -> None:
    """Set one's own password, the first or another; it was checked before."""
    if actor != user:
        raise PermissionDenied("Only the person themselves sets their password.")
    verb = "changed" if user.has_usable_password() else "set"
    user.set_password(password)
    user.save(update_fields=["password"])
    audit_log.record(actor=actor, action=f"user.password_{verb}", summary=f"{user} {verb} their password", obj=user)


@transaction.atomic
def give_role(*, actor: User | None, user: User, department: Department, kind: str) -> Role:
    """Give a person a role in a department and everything below it; giving it again changes nothing."""
    access.require_everywhere(actor, Permission.ADMIN)
    if kind not in RoleKind.values:
        raise ValidationError(
            {
                "kind": _("“%(kind)s” is no role. Use one of: %(values)s.")
                % {"kind": kind, "values": ", ".join(RoleKind.values)}
            }
        )
    role, created = Role.objects.get_or_create(user=user, department=department, kind=kind)
    if created:
        audit_log.record(
            actor=actor,
            action="role.given",
            summary=f"{user} is {in_english(RoleKind(kind).label)} of {department}",
            obj=user,
            department=department,
            details={"kind": kind, "department": department.key},
        )
    return role


@transaction.atomic
def revoke_role(*, actor: User | None, role: Role) -> None:
    """Take a role away. The organisation's last administrator keeps theirs."""
    access.require_everywhere(actor, Permission.ADMIN)
    user, department, kind = role.user, role.department, RoleKind(role.kind)
    deleted, __ = Role.objects.filter(pk=role.pk).delete()
    if not deleted:  # somebody else was faster
        return
    _keep_an_administrator()
    audit_log.record(
        actor=actor,
        action="role.revoked",
        summary=f"{user} is no longer {in_english(kind.label)} of {department}",
        obj=user,
        department=department,
        details={"kind": kind.value, "department": department.key},
    )


def _keep_an_administrator() -> None:
    """Call after the change, inside its transaction. The root's lock lets two such changes pass one after the other,
    so they can't each count on the other's administrator."""
    root = Department.objects.select_for_update(no_key=True).get(parent=None)
    left = Role.objects.filter(department=root, kind=RoleKind.ADMINISTRATOR, user__is_active=True)
    if not left.exists():
        raise ValidationError(_("This is the organisation's last administrator. Make somebody else one first."))


def _check_email(user: User) -> None:
    """Sign-in is by user name or e-mail, so one address stands for one person."""
    if user.email and User.objects.filter(email__iexact=user.email).exclude(pk=user.pk).exists():
        raise ValidationError({"email": _("Another person has this e-mail address.")})
