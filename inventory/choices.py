"""The words of the register: each list is what the forms offer, the files may say and the API documents.

Labels are texts for whoever reads a page, in their language. What is kept or goes to machines takes the value, or the
label `in_english`.
"""

from django.db.models import IntegerChoices, TextChoices
from django.utils import translation
from django.utils.translation import gettext_lazy as _

NO_OWNER = "-"  # where an address names an owner: none; no user name is that


def in_english(label: object) -> str:
    """A label as the audit log and other rows keep it, whatever the language of whoever acts."""
    with translation.override(None):
        return str(label)


class RoleKind(TextChoices):
    """What a person may do in a department and everything below it."""

    LEADER = "leader", _("Leader")
    TEAM_MEMBER = "team_member", _("Team member")
    REVIEWER = "reviewer", _("Reviewer")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


class ApplicationKind(TextChoices):
    APPLICATION = "application", _("Application")
    COPILOT = "copilot", _("Copilot")
    AGENT = "agent", _("Agent")
    MODEL = "model", _("Model")
    EMBEDDED_FEATURE = "embedded_feature", _("Embedded feature")


class Origin(TextChoices):
    IN_HOUSE = "in_house", _("In-house")
    VENDOR = "vendor", _("Vendor")


class Lifecycle(TextChoices):
    IDEA = "idea", _("Idea")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    LIVE = "live", _("Live")
    SUSPENDED = "suspended", _("Suspended")
    RETIRED = "retired", _("Retired")


class IdentifierKind(TextChoices):
    """How feeds name an application; the order is the order in which a record is matched (first fit wins)."""

    AGENT_ID = "agent_id", _("Agent id")
    APP_IDENTITY = "app_identity", _("App identity")
    AZURE_RESOURCE = "azure_resource", _("Azure resource id")
    HOST = "host", _("Host or domain")
    REPOSITORY = "repository", _("Repository URL")
    COPILOT_HOST = "copilot_host", _("Copilot host name")


class BatchState(TextChoices):
    """Where the reading of a feed file stands."""

    WAITING = "waiting", _("Waiting")
    UNMAPPED = "unmapped", _("Needs a mapping")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")


class Door(TextChoices):
    """By which way a feed file came in."""

    UPLOAD = "upload", _("Upload page")
    CONSOLE = "console", _("Console")
    API = "api", _("API")
    FOLDER = "folder", _("Drop folder")


class Operation(IntegerChoices):
    """What kind of interaction a record reports; the number is what the compact table stores."""

    COPILOT = 1, _("Copilot experience or agent")
    AI_APP = 2, _("AI app or site")
    CONNECTED = 3, _("Connected AI app")
    TEAM_COPILOT = 4, _("Copilot in a team")
    VISIT = 5, _("Visit to an AI site")  # no interaction: nobody knows what was done there


class AgentSource(TextChoices):
    """Which inventory lists an agent (`connectors.agents.FORMS`)."""

    XDR_AGENTS = "xdr_agents", _("Defender AgentsInfo")
    XDR_AI_AGENTS = "xdr_ai_agents", _("Defender AIAgentsInfo")
    POWER_PLATFORM = "power_platform", _("Power Platform inventory")
    COPILOT_STUDIO_KIT = "copilot_studio_kit", _("Copilot Studio Kit")
    COE_KIT = "coe_kit", _("CoE Starter Kit")
    ENTRA_IDENTITY = "entra_identity", _("Entra agent identity")
    AGENT_REGISTRY = "agent_registry", _("Entra agent registry")


class AgentState(TextChoices):
    LISTED = "listed", _("Listed")
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    BLOCKED = "blocked", _("Blocked")
    DELETED = "deleted", _("Deleted")


class MappedKind(TextChoices):
    """What the rows of a file with a header of its own tell, once somebody said which column is what."""

    INTERACTIONS = "interactions", _("Interactions with AI apps")
    USERS = "users", _("People and their departments")
    METRICS = "metrics", _("Metrics of AI systems")
    ALERTS = "security_alerts", _("Security alerts")
    CLOUD_APPS = "cloud_apps", _("Discovered cloud apps")


class Severity(TextChoices):
    INFORMATIONAL = "informational", _("Informational")
    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")


class AlertState(TextChoices):
    NEW = "new", _("New")
    ACTIVE = "active", _("Active")
    IN_PROGRESS = "in_progress", _("In progress")
    RESOLVED = "resolved", _("Resolved")
    DISMISSED = "dismissed", _("Dismissed")


class AlertAction(TextChoices):
    """What happened to an alert, in the past tense."""

    ASSIGNED = "assigned", _("Assigned")
    COMMENTED = "commented", _("Commented")
    STARTED = "started", _("Taken in progress")
    RESOLVED = "resolved", _("Resolved")
    DISMISSED = "dismissed", _("Dismissed")
    REOPENED = "reopened", _("Opened again")
    TIED = "tied", _("Tied to")
    UNTIED = "untied", _("Untied from")
    LINKED = "linked", _("Linked to incident")
    UNLINKED = "unlinked", _("Unlinked from incident")
    FEED = "feed", _("The feed says")


class DataLevel(TextChoices):
    """How sensitive data is, least first: the options of the question `data_sensitivity`, so that what a label or an
    information type stands for can be held against what an application is approved for."""

    NONE = "none", _("Public")
    INTERNAL = "internal", _("Internal")
    PERSONAL = "personal", _("Personal data")
    CONFIDENTIAL = "confidential", _("Confidential")
    SPECIAL_CATEGORY = "special_category", _("Highly confidential or special category")


class DataEventKind(TextChoices):
    DLP_MATCH = "dlp_match", _("Data-loss rule matched")
    TYPES_FOUND = "types_found", _("Sensitive information found")


class Enforcement(TextChoices):
    """What was done when a data-loss rule matched."""

    AUDIT = "audit", _("Recorded only")
    WARN = "warn", _("Warned")
    OVERRIDE = "override", _("Overridden by the person")
    BLOCK = "block", _("Blocked")
    ALLOW = "allow", _("Allowed")


class UsageMetric(TextChoices):
    """What of a day's use is compared with the days before."""

    INTERACTIONS = "interactions", _("Interactions")
    SENSITIVE = "sensitive", _("Sensitive share")
    OFF_HOURS = "off_hours", _("Off-hours share")


class RulingKind(TextChoices):
    """What a person decided about something seen and not registered."""

    LINKED = "linked", _("Linked")
    RULED_OUT = "ruled_out", _("Ruled out")
