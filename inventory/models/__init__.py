from inventory.models.activity import (
    Alert,
    AlertStep,
    DailyPeople,
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
from inventory.models.capture import CapturedContent, ContentCapture
from inventory.models.cloud import CloudApp
from inventory.models.data_events import DataEvent
from inventory.models.dictionary import InformationType, SensitivityLabel
from inventory.models.feed import Feed, FeedKey
from inventory.models.mapping import MappingProfile
from inventory.models.metric import Metric
from inventory.models.organisation import ROOT_KEY, Department
from inventory.models.people import Role, User
from inventory.models.ruling import CarriedName, Ruling
from inventory.models.unusual import ChangedDay, UnusualDay, WorkingHours

__all__ = [
    "ROOT_KEY",
    "AIApplication",
    "AgentListing",
    "Alert",
    "AlertStep",
    "AuditLogEntry",
    "CapturedContent",
    "CarriedName",
    "ChangedApplication",
    "ChangedDay",
    "CloudApp",
    "ContentCapture",
    "DailyPeople",
    "DailySensitive",
    "DailyUsage",
    "DailyUser",
    "DataEvent",
    "Department",
    "DirectoryUser",
    "Feed",
    "FeedKey",
    "Identifier",
    "ImportBatch",
    "InformationType",
    "Interaction",
    "MappingProfile",
    "Metric",
    "QuarantinedRow",
    "Role",
    "Ruling",
    "SeenUser",
    "SensitivityLabel",
    "Sighting",
    "UnusualDay",
    "User",
    "WorkingHours",
]
