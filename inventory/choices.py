"""The words of the register: each list is what the forms offer, the files may say and the API documents."""

from django.db.models import TextChoices


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
