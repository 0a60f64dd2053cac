from inventory.models.application import AIApplication, ChangedApplication, Identifier
from inventory.models.audit_log import AuditLogEntry
from inventory.models.organisation import ROOT_KEY, Department
from inventory.models.people import Role, User

__all__ = [
    "ROOT_KEY",
    "AIApplication",
    "AuditLogEntry",
    "ChangedApplication",
    "Department",
    "Identifier",
    "Role",
    "User",
]
