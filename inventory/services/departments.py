"""The department tree: adding, changing and moving departments. Only who administers the whole organisation may."""

import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.models import AIApplication, ChangedApplication, Department, User

FIELDS = ("name", "key", "parent", "head", "cost_centre", "aliases")
RESERVED_KEYS = frozenset({"add"})  # addresses that stand beside those of the departments
_KEY = re.compile(r"[^\W_][\w.-]*")


@transaction.atomic
def add_department(
    *,
    actor: User | None,
    name: str,
    parent: Department | None = None,
    key: str = "",
    head: User | None = None,
    cost_centre: str = "",
    aliases: Iterable[str] = (),
) -> Department:
    """Add a department below `parent` (the organisation where none is given); the key comes from the name if empty."""
    access.require_everywhere(actor, Permission.ADMIN)
    root = _lock_tree()
    department = Department(
        name=name.strip(),
        key=key.strip() or free_key(name),
        parent=parent or root,
        head=head,
        cost_centre=cost_centre.strip(),
        aliases=_folded(aliases),
    )
    _check(department)
    department.save()
    audit_log.record(
        actor=actor,
        action="department.added",
        summary=f"Added {department.name} below {department.parent}",
        obj=department,
        department=department,
        details={"after": {field: _plain(getattr(department, field)) for field in FIELDS}},
    )
    return department


@transaction.atomic
def update_department(*, actor: User | None, department: Department, **changes: Any) -> Department:
    """Change some of FIELDS. Raises ValidationError by field: also where a move would make a circle.

    Choosing a parent for a department that a feed named places it: it no longer counts as unplaced. A move changes what
    its applications inherit, so they are judged again.
    """
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise TypeError(f"not a field of a department: {', '.join(sorted(unknown))}")
    access.require_everywhere(actor, Permission.ADMIN)
    root = _lock_tree()
    department = Department.objects.select_related("parent", "head").get(pk=department.pk)
    before = {field: getattr(department, field) for field in FIELDS}
    unplaced = department.from_feed
    if "parent" in changes:
        _check_move(department, changes["parent"], root)
        department.from_feed = False
    for field, value in changes.items():
        setattr(department, field, _folded(value) if field == "aliases" else _stripped(value))
    _check(department)
    changed = [field for field in FIELDS if getattr(department, field) != before[field]]
    if not changed and department.from_feed == unplaced:
        return department
    department.save(update_fields=[*changed, "from_feed"])
    audit_log.record(
        actor=actor,
        action="department.updated",
        summary=f"Changed {', '.join(field.replace('_', ' ') for field in changed) or 'place'} of {department.name}",
        obj=department,
        department=department,
        details={"changes": {f: [_plain(before[f]), _plain(getattr(department, f))] for f in changed}},
    )
    if "parent" in changed:
        ChangedApplication.objects.mark(AIApplication.objects.in_department(department))
        doorbell.ring("risk.tasks.rescore_changed")
        doorbell.ring("risk.tasks.roll_up_everything")  # also those above, where the department was before
    return department


def free_key(name: str) -> str:
    """A key made of the name that no department has yet."""
    base = slugify(name)[:56] or "department"
    key, number = base, 1
    while key in RESERVED_KEYS or Department.objects.filter(key__iexact=key).exists():
        number += 1
        key = f"{base}-{number}"
    return key


def _lock_tree() -> Department:
    """One change of the tree at a time: two moves that are each fine could make a circle together."""
    return Department.objects.select_for_update(no_key=True).get(parent=None)


def _check_move(department: Department, parent: Department | None, root: Department) -> None:
    if department.pk == root.pk:
        if parent is not None:
            raise ValidationError({"parent": _("The organisation itself is the top of the tree.")})
        return
    if parent is None:
        raise ValidationError({"parent": _("Choose where it belongs; the top is the organisation.")})
    if Department.objects.subtree_of(department).filter(pk=parent.pk).exists():
        raise ValidationError(
            {
                "parent": _("%(parent)s lies below %(name)s. That would make a circle.")
                % {"parent": parent, "name": department.name}
            }
        )


def _check(department: Department) -> None:
    """What names a department names only one (contracts §2: key, name or alias, case-folded)."""
    department.full_clean(exclude=["parent", "head"], validate_constraints=False)
    if not _KEY.fullmatch(department.key):
        problem = "Use letters, digits, dots, dashes and underscores only, a letter or a digit first."
        raise ValidationError({"key": problem})
    if department.key.casefold() in RESERVED_KEYS:
        raise ValidationError(
            {"key": _("“%(key)s” is an address of this site. Choose another key.") % {"key": department.key}}
        )
    others = Department.objects.exclude(pk=department.pk)
    for holder in others.filter(key__iexact=department.key):
        raise ValidationError({"key": _("%(name)s has this key.") % {"name": holder.name}})
    siblings = others.filter(parent=department.parent_id, name__iexact=department.name)
    if department.parent_id and siblings.exists():
        raise ValidationError(
            {
                "name": _("There is a %(name)s below %(parent)s already.")
                % {"name": department.name, "parent": department.parent}
            }
        )
    for field in ("name", "key"):  # an empty key was made from the name: blame the name
        for holder in others.filter(aliases__contains=[getattr(department, field).casefold()]):
            raise ValidationError(
                {field: _("%(name)s (%(key)s) goes by this name as well.") % {"name": holder.name, "key": holder.key}}
            )
    for alias in department.aliases:
        for holder in others.named(alias):
            raise ValidationError(
                {
                    "aliases": _("“%(alias)s” already stands for %(name)s (%(key)s).")
                    % {"alias": alias, "name": holder.name, "key": holder.key}
                }
            )


def _folded(aliases: Iterable[str]) -> list[str]:
    return sorted({alias.strip().casefold() for alias in aliases} - {""})


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Department):
        return value.key
    return value.username if isinstance(value, User) else value
