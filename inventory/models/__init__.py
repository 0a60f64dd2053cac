from inventory.models.activity import (
    Alert,
    DailySensitive,
    DailyUsage,
    DailyUser,
    DirectoryUser,
    ImportBatch,
    Interaction,
    QuarantinedRow,
    SeenUser,
    Sighting,
)
from inventory.models.agent import AgentListing
from inventory.models.application import AIApplication, ChangedApplication, Identifier
from inventory.models.audit_log import AuditLogEntry
from inventory.models.mapping import MappingProfile
from inventory.models.metric import Metric
from inventory.models.organisation import ROOT_KEY, Department
from inventory.models.people import Role, User

__all__ = [
    "ROOT_KEY",
    "AIApplication",
    "AgentListing",
    "Alert",
    "AuditLogEntry",
    "ChangedApplication",
    "DailySensitive",
    "DailyUsage",
    "DailyUser",
    "Department",
    "DirectoryUser",
    "Identifier",
    "ImportBatch",
    "Interaction",
    "MappingProfile",
    "Metric",
    "QuarantinedRow",
    "Role",
    "SeenUser",
    "Sighting",
    "User",
]
