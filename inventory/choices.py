"""The words of the register: each list is what the forms offer, the files may say and the API documents.

Labels are texts for whoever reads a page, in their language. What is kept or goes to machines takes the value, or the
label `in_english`.
"""

from django.db.models import IntegerChoices, TextChoices
from django.utils import translation


def in_english(label: object) -> str:
    """A label as the audit log and other rows keep it, whatever the language of whoever acts."""
    with translation.override(None):
        return str(label)


class RoleKind(TextChoices):
    """What a person may do in a department and everything below it."""

    LEADER = "leader", "Leader"
    TEAM_MEMBER = "team_member", "Team member"
    REVIEWER = "reviewer", "Reviewer"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"


class ApplicationKind(TextChoices):
    APPLICATION = "application", "Application"
    COPILOT = "copilot", "Copilot"
    AGENT = "agent", "Agent"
    MODEL = "model", "Model"
    EMBEDDED_FEATURE = "embedded_feature", "Embedded feature"


class Origin(TextChoices):
    IN_HOUSE = "in_house", "In-house"
    VENDOR = "vendor", "Vendor"


class Lifecycle(TextChoices):
    IDEA = "idea", "Idea"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    LIVE = "live", "Live"
    SUSPENDED = "suspended", "Suspended"
    RETIRED = "retired", "Retired"


class IdentifierKind(TextChoices):
    """How feeds name an application; the order is the order in which a record is matched (first fit wins)."""

    AGENT_ID = "agent_id", "Agent id"
    APP_IDENTITY = "app_identity", "App identity"
    AZURE_RESOURCE = "azure_resource", "Azure resource id"
    HOST = "host", "Host or domain"
    REPOSITORY = "repository", "Repository URL"
    COPILOT_HOST = "copilot_host", "Copilot host name"


class BatchState(TextChoices):
    """Where the reading of a feed file stands."""

    WAITING = "waiting", "Waiting"
    UNMAPPED = "unmapped", "Needs a mapping"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"


class Door(TextChoices):
    """By which way a feed file came in."""

    UPLOAD = "upload", "Upload page"
    CONSOLE = "console", "Console"
    API = "api", "API"
    FOLDER = "folder", "Drop folder"


class Operation(IntegerChoices):
    """What kind of interaction a record reports; the number is what the compact table stores."""

    COPILOT = 1, "Copilot experience or agent"
    AI_APP = 2, "AI app or site"
    CONNECTED = 3, "Connected AI app"
    TEAM_COPILOT = 4, "Copilot in a team"
    VISIT = 5, "Visit to an AI site"  # no interaction: nobody knows what was done there


class AgentSource(TextChoices):
    """Which inventory lists an agent (`connectors.agents.FORMS`)."""

    XDR_AGENTS = "xdr_agents", "Defender AgentsInfo"
    XDR_AI_AGENTS = "xdr_ai_agents", "Defender AIAgentsInfo"
    POWER_PLATFORM = "power_platform", "Power Platform inventory"
    COPILOT_STUDIO_KIT = "copilot_studio_kit", "Copilot Studio Kit"
    COE_KIT = "coe_kit", "CoE Starter Kit"
    ENTRA_IDENTITY = "entra_identity", "Entra agent identity"
    AGENT_REGISTRY = "agent_registry", "Entra agent registry"


class AgentState(TextChoices):
    LISTED = "listed", "Listed"
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    BLOCKED = "blocked", "Blocked"
    DELETED = "deleted", "Deleted"


class MappedKind(TextChoices):
    """What the rows of a file with a header of its own tell, once somebody said which column is what."""

    INTERACTIONS = "interactions", "Interactions with AI apps"
    USERS = "users", "People and their departments"
    METRICS = "metrics", "Metrics of AI systems"
    ALERTS = "security_alerts", "Security alerts"
    CLOUD_APPS = "cloud_apps", "Discovered cloud apps"


class Severity(TextChoices):
    INFORMATIONAL = "informational", "Informational"
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class AlertState(TextChoices):
    NEW = "new", "New"
    ACTIVE = "active", "Active"
    IN_PROGRESS = "in_progress", "In progress"
    RESOLVED = "resolved", "Resolved"
    DISMISSED = "dismissed", "Dismissed"


class AlertAction(TextChoices):
    """What happened to an alert, in the past tense."""

    ASSIGNED = "assigned", "Assigned"
    COMMENTED = "commented", "Commented"
    STARTED = "started", "Taken in progress"
    RESOLVED = "resolved", "Resolved"
    DISMISSED = "dismissed", "Dismissed"
    REOPENED = "reopened", "Opened again"
    TIED = "tied", "Tied to"
    UNTIED = "untied", "Untied from"
    LINKED = "linked", "Linked to incident"
    UNLINKED = "unlinked", "Unlinked from incident"
    FEED = "feed", "The feed says"


class DataLevel(TextChoices):
    """How sensitive data is, least first: the options of the question `data_sensitivity`, so that what a label or an
    information type stands for can be held against what an application is approved for."""

    NONE = "none", "Public"
    INTERNAL = "internal", "Internal"
    PERSONAL = "personal", "Personal data"
    CONFIDENTIAL = "confidential", "Confidential"
    SPECIAL_CATEGORY = "special_category", "Highly confidential or special category"


class DataEventKind(TextChoices):
    DLP_MATCH = "dlp_match", "Data-loss rule matched"
    TYPES_FOUND = "types_found", "Sensitive information found"


class Enforcement(TextChoices):
    """What was done when a data-loss rule matched."""

    AUDIT = "audit", "Recorded only"
    WARN = "warn", "Warned"
    OVERRIDE = "override", "Overridden by the person"
    BLOCK = "block", "Blocked"
    ALLOW = "allow", "Allowed"


class UsageMetric(TextChoices):
    """What of a day's use is compared with the days before."""

    INTERACTIONS = "interactions", "Interactions"
    SENSITIVE = "sensitive", "Sensitive share"
    OFF_HOURS = "off_hours", "Off-hours share"


class RulingKind(TextChoices):
    """What a person decided about something seen and not registered."""

    LINKED = "linked", "Linked"
    RULED_OUT = "ruled_out", "Ruled out"
