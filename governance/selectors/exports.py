"""The exports page: exports made, as far as the person may know of them."""

from django.db.models import QuerySet

from governance.models import Export
from inventory import access
from inventory.access import Permission
from inventory.models import User


def exports_seen_by(user: User) -> QuerySet[Export]:
    """One's own exports; all of them for who may read the audit log of the whole organisation."""
    found = Export.objects.select_related("made_by", "department")
    return found if access.sees_everything(user, Permission.AUDIT) else found.filter(made_by=user)
