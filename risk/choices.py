"""The words of the judge: what forms offer, what tables hold and what exports say."""

from django.db.models import TextChoices


class Principle(TextChoices):
    """The six principles of responsible AI; the order is the order on every page."""

    FAIRNESS = "fairness", "Fairness"
    RELIABILITY_SAFETY = "reliability_safety", "Reliability & safety"
    PRIVACY_SECURITY = "privacy_security", "Privacy & security"
    INCLUSIVENESS = "inclusiveness", "Inclusiveness"
    TRANSPARENCY = "transparency", "Transparency"
    ACCOUNTABILITY = "accountability", "Accountability"


OVERALL = "overall"  # stands beside the six wherever a principle is named


class Band(TextChoices):
    """Risk bands (methods.md §6), from best to worst."""

    LOW = "low", "Low"
    MODERATE = "moderate", "Moderate"
    HIGH = "high", "High"
    CRITICAL = "critical", "Critical"


class EUClass(TextChoices):
    """Classes of the EU AI Act (classification.yaml), from the gravest to the lightest."""

    PROHIBITED = "prohibited", "Prohibited practice"
    HIGH_RISK = "high_risk", "High-risk"
    TRANSPARENCY = "transparency", "Transparency duties"
    GPAI_MODEL = "gpai_model", "General-purpose AI model"
    MINIMAL = "minimal", "Minimal risk"
    OUT_OF_SCOPE = "out_of_scope", "Outside the Act"


class ControlStatus(TextChoices):
    """How well a control is shown to work (methods.md §3), from nothing to proven."""

    NOT_STARTED = "not_started", "Not started"
    PLANNED = "planned", "Planned"
    IN_PROGRESS = "in_progress", "In progress"
    ATTESTED = "attested", "Attested"
    EVIDENCED = "evidenced", "Evidenced"
    VERIFIED = "verified", "Independently verified"


class NotApplicableState(TextChoices):
    """What became of the request to leave a control out."""

    ASKED = "asked", "Asked"
    APPROVED = "approved", "Agreed"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"
    ENDED = "ended", "Ended"


class FileKind(TextChoices):
    """What a file of evidence may be, told by its content; the value is its suffix."""

    PDF = "pdf", "PDF"
    PNG = "png", "PNG image"
    JPEG = "jpg", "JPEG image"
    TEXT = "txt", "Text, CSV or JSON"
    DOCX = "docx", "Word document"
    XLSX = "xlsx", "Excel workbook"
    PPTX = "pptx", "PowerPoint presentation"
    ODT = "odt", "OpenDocument text"
    ODS = "ods", "OpenDocument spreadsheet"
    ODP = "odp", "OpenDocument presentation"


class RunState(TextChoices):
    """Where a recalculation of everything, or a dry run of another method, stands."""

    RUNNING = "running", "Running"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Stopped"
    FAILED = "failed", "Failed"


class TaskState(TextChoices):
    """Where a task stands; *done* is reached by what is stated, never by a click."""

    OPEN = "open", "Open"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Given up"


class RequirementStatus(TextChoices):
    """State of one requirement for one application (methods.md §8)."""

    MET = "met", "Met"
    PARTIAL = "partial", "Partly met"
    GAP = "gap", "Gap"
    UNKNOWN = "unknown", "Unknown"
    UPCOMING = "upcoming", "Upcoming"
    NOT_ASSESSED = "not_assessed", "Not assessed"


class RecordForm(TextChoices):
    """The written records that an application may have (risk/records)."""

    IMPACT = "impact", "Impact assessment"
    FUNDAMENTAL_RIGHTS = "fundamental_rights", "Fundamental rights impact assessment"
    EXEMPTION = "exemption", "Record of the exemption under Art. 6(3)"


class RecordState(TextChoices):
    """Where a version of a record stands."""

    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "In review"
    APPROVED = "approved", "Approved"
    RETURNED = "returned", "Sent back"
    WITHDRAWN = "withdrawn", "Withdrawn"


class IncidentSeverity(TextChoices):
    """How grave an incident is; *critical* exists here only (methods.md §4)."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"
    CRITICAL = "critical", "Critical"


class IncidentState(TextChoices):
    """Where an incident stands. A contained one still weighs in full: it is not over until it is resolved."""

    OPEN = "open", "Open"
    CONTAINED = "contained", "Contained"
    RESOLVED = "resolved", "Resolved"


class SeriousIncident(TextChoices):
    """What makes an incident serious by Article 3(49) of the EU AI Act; each has its deadline by Article 73."""

    DEATH = "death", "A person died"
    INFRASTRUCTURE = "infrastructure", "Critical infrastructure, or a widespread infringement"
    OTHER = "other", "Health, fundamental rights, property or the environment"
