"""The words of the judge: what forms offer, what tables hold and what exports say."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Principle(TextChoices):
    """The six principles of responsible AI; the order is the order on every page."""

    FAIRNESS = "fairness", _("Fairness")
    RELIABILITY_SAFETY = "reliability_safety", _("Reliability & safety")
    PRIVACY_SECURITY = "privacy_security", _("Privacy & security")
    INCLUSIVENESS = "inclusiveness", _("Inclusiveness")
    TRANSPARENCY = "transparency", _("Transparency")
    ACCOUNTABILITY = "accountability", _("Accountability")


OVERALL = "overall"  # stands beside the six wherever a principle is named


class Band(TextChoices):
    """Risk bands (methods.md §6), from best to worst."""

    LOW = "low", _("Low")
    MODERATE = "moderate", _("Moderate")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")


class EUClass(TextChoices):
    """Classes of the EU AI Act (classification.yaml), from the gravest to the lightest."""

    PROHIBITED = "prohibited", _("Prohibited practice")
    HIGH_RISK = "high_risk", _("High-risk")
    TRANSPARENCY = "transparency", _("Transparency duties")
    GPAI_MODEL = "gpai_model", _("General-purpose AI model")
    MINIMAL = "minimal", _("Minimal risk")
    OUT_OF_SCOPE = "out_of_scope", _("Outside the Act")


class ControlStatus(TextChoices):
    """How well a control is shown to work (methods.md §3), from nothing to proven."""

    NOT_STARTED = "not_started", _("Not started")
    PLANNED = "planned", _("Planned")
    IN_PROGRESS = "in_progress", _("In progress")
    ATTESTED = "attested", _("Attested")
    EVIDENCED = "evidenced", _("Evidenced")
    VERIFIED = "verified", _("Independently verified")


class NotApplicableState(TextChoices):
    """What became of the request to leave a control out."""

    ASKED = "asked", _("Asked")
    APPROVED = "approved", _("Agreed")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    ENDED = "ended", _("Ended")


class FileKind(TextChoices):
    """What a file of evidence may be, told by its content; the value is its suffix."""

    PDF = "pdf", _("PDF")
    PNG = "png", _("PNG image")
    JPEG = "jpg", _("JPEG image")
    TEXT = "txt", _("Text, CSV or JSON")
    DOCX = "docx", _("Word document")
    XLSX = "xlsx", _("Excel workbook")
    PPTX = "pptx", _("PowerPoint presentation")
    ODT = "odt", _("OpenDocument text")
    ODS = "ods", _("OpenDocument spreadsheet")
    ODP = "odp", _("OpenDocument presentation")


class RunState(TextChoices):
    """Where a recalculation of everything, or a dry run of another method, stands."""

    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Stopped")
    FAILED = "failed", _("Failed")


class TaskState(TextChoices):
    """Where a task stands; *done* is reached by what is stated, never by a click."""

    OPEN = "open", _("Open")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Given up")


class RequirementStatus(TextChoices):
    """State of one requirement for one application (methods.md §8)."""

    MET = "met", _("Met")
    PARTIAL = "partial", _("Partly met")
    GAP = "gap", _("Gap")
    UNKNOWN = "unknown", _("Unknown")
    UPCOMING = "upcoming", _("Upcoming")
    NOT_ASSESSED = "not_assessed", _("Not assessed")


class RecordForm(TextChoices):
    """The written records that an application may have (risk/records)."""

    IMPACT = "impact", _("Impact assessment")
    FUNDAMENTAL_RIGHTS = "fundamental_rights", _("Fundamental rights impact assessment")
    EXEMPTION = "exemption", _("Record of the exemption under Art. 6(3)")


class RecordState(TextChoices):
    """Where a version of a record stands."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("In review")
    APPROVED = "approved", _("Approved")
    RETURNED = "returned", _("Sent back")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class IncidentSeverity(TextChoices):
    """How grave an incident is; *critical* exists here only (methods.md §4)."""

    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")


class IncidentState(TextChoices):
    """Where an incident stands. A contained one still weighs in full: it is not over until it is resolved."""

    OPEN = "open", _("Open")
    CONTAINED = "contained", _("Contained")
    RESOLVED = "resolved", _("Resolved")


class SeriousIncident(TextChoices):
    """What makes an incident serious by Article 3(49) of the EU AI Act; each has its deadline by Article 73."""

    DEATH = "death", _("A person died")
    INFRASTRUCTURE = "infrastructure", _("Critical infrastructure, or a widespread infringement")
    OTHER = "other", _("Health, fundamental rights, property or the environment")
