"""What feeds tell: files read, interactions, their daily figures, what was seen but is not registered, alerts.

Interactions and daily figures are computed, come by the million and are written in sets: they have no row history
(contracts §4), and the two largest tables have no foreign keys in the database, because a check per key and row costs
as much as storing the row. What they point at (applications, sightings, departments) is never deleted.
"""

import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper

from inventory.choices import AlertAction, AlertState, BatchState, Door, Operation, Severity
from inventory.models.application import AIApplication
from inventory.models.organisation import Department


class ImportBatch(models.Model):
    """One reading of one feed file: the queue, the progress and the result.

    A worker claims a row by writing its own `claim`; every chunk is stored in one transaction together with the counts
    and `next_line`, and only while the claim stands. So a killed reading goes on where it was, counting nothing twice.
    """

    kind = models.CharField(max_length=40, blank=True)  # of connectors.registry; empty until recognised
    file_name = models.CharField(max_length=255)
    archive = models.ForeignKey("self", models.CASCADE, null=True, related_name="members")  # out of which it was taken
    stored_as = models.CharField(max_length=100, blank=True)  # of an upload; empty for a file read at the console
    size = models.BigIntegerField(default=0)  # bytes
    sha256 = models.CharField(max_length=64, blank=True)
    uploaded_by = models.ForeignKey("inventory.User", models.SET_NULL, null=True, related_name="+")
    door = models.CharField(max_length=10, choices=Door.choices, db_default=Door.CONSOLE.value)
    feed = models.ForeignKey("inventory.Feed", models.PROTECT, null=True, related_name="batches")
    signature = models.CharField(max_length=64, null=True, unique=True)  # of a signed call: each is taken once
    state = models.CharField(max_length=10, choices=BatchState.choices, default=BatchState.WAITING)
    claim = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    bytes_read = models.BigIntegerField(default=0)
    next_line = models.BigIntegerField(default=0)  # of the file, at which reading goes on
    rows = models.BigIntegerField(default=0)
    stored = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    ignored = models.BigIntegerField(default=0)
    unmatched = models.BigIntegerField(default=0)
    newest_at = models.DateTimeField(null=True)  # the latest time of a stored record
    error = models.TextField(blank=True)  # for people
    undone_by = models.ForeignKey("inventory.User", models.SET_NULL, null=True, related_name="+")
    undo_reason = models.TextField(blank=True, db_default="")
    irreversible = models.TextField(blank=True, db_default="")  # why it can't be undone, where it says so itself
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    written_at: datetime | None = None  # of a file that is read where it lies, while it is read: not kept

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["id"],
                name="batch_to_do",
                condition=Q(state__in=[BatchState.WAITING, BatchState.RUNNING, BatchState.UNDOING]),
            ),
            models.Index(fields=["feed", "-created_at"], name="batch_by_feed", condition=Q(feed__isnull=False)),
            models.Index(fields=["-created_at", "-id"], name="batch_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    rows=models.F("stored") + models.F("duplicates") + models.F("quarantined") + models.F("ignored")
                ),
                name="every_row_is_accounted_for",
            )
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.get_state_display()})"

    @property
    def source(self) -> str:
        """Who or what brought it, for people."""
        way = self.get_door_display()
        if self.feed_id:
            return f"{self.feed} ({way})"
        return str(self.uploaded_by) if self.uploaded_by_id else way

    @property
    def read_before(self) -> bool:
        """Whether the same file was read to its end before, and what it stored stands."""
        same = ImportBatch.objects.filter(sha256=self.sha256, state=BatchState.DONE).exclude(pk=self.pk)
        return bool(self.sha256) and same.exists()

    @property
    def percent(self) -> int:
        """How much of the file was read."""
        if self.state == BatchState.DONE:
            return 100
        return min(99, self.bytes_read * 100 // self.size) if self.size else 0


class QuarantinedRow(models.Model):
    """A row that could not be read. Its text is encrypted, for those who may see names, and not kept for ever."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="quarantine")
    line = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    raw = models.BinaryField(null=True)  # Fernet; null once purged
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["batch", "line"]
        constraints = [models.UniqueConstraint(fields=["batch", "line"], name="quarantined_line_once")]
        indexes = [models.Index(fields=["created_at"], name="quarantine_to_purge", condition=Q(raw__isnull=False))]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class Sighting(models.Model):
    """An AI application that feeds report and that matches nothing registered, by the name seen.

    It goes when nothing tells of it any more, and comes back under another number. What people decide about it stands
    in a Ruling, by its folded name.
    """

    name = models.CharField(max_length=300)
    folded = models.CharField(max_length=300, unique=True)
    operations = ArrayField(models.SmallIntegerField(choices=Operation.choices), default=list)
    agent_id = models.CharField(max_length=300, blank=True)  # as in the first record that had it
    app_identity = models.CharField(max_length=300, blank=True)
    host = models.CharField(max_length=300, blank=True)
    candidates = ArrayField(models.BigIntegerField(), default=list)  # applications that fit equally well
    reason = models.CharField(max_length=200, blank=True)  # why it is not matched
    interactions = models.BigIntegerField(default=0)
    visits = models.BigIntegerField(default=0, db_default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        ordering = ["-interactions", "id"]
        indexes = [
            models.Index(fields=["-interactions", "id"], name="sighting_by_use"),
            models.Index(fields=["-last_seen", "id"], name="sighting_by_time"),
            GinIndex(
                *[OpClass(Upper(f), "gin_trgm_ops") for f in ("name", "app_identity", "host")], name="sighting_search"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Interaction(models.Model):
    """One interaction, without any content. Department and application are fixed when it is stored.

    With an application and a sighting it was seen under that name and is linked (docs/decisions/0025).
    The record id is the key: a GUID as it is, any other id by a 128-bit hash of it. In the database each month is a
    partition with an index on the key of its own (docs/decisions/0017); only `services.imports` knows.
    """

    record_id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    application = models.ForeignKey(
        AIApplication, models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    sighting = models.ForeignKey(
        Sighting, models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )  # null: Unassigned
    pseudonym = models.UUIDField(null=True)  # null: the record names nobody
    operation = models.SmallIntegerField(choices=Operation.choices)
    jailbreak = models.BooleanField()
    injection = models.BooleanField()
    labels = ArrayField(models.TextField(), null=True)  # null: none
    information_types = ArrayField(models.TextField(), null=True)
    uploaded = models.BigIntegerField(null=True)  # bytes sent, of a visit; null where no visit
    files = models.SmallIntegerField(null=True)  # documents it read; null: none, or stored before they were counted
    unlabelled = models.SmallIntegerField(null=True)  # those of them without a sensitivity label
    batch = models.ForeignKey(ImportBatch, models.PROTECT, db_index=False, db_constraint=False, related_name="+")

    class Meta:
        indexes = [
            BrinIndex(fields=["at"], name="interaction_by_time"),
            BrinIndex(fields=["batch"], name="interaction_by_batch"),  # rows of a file lie together
        ]

    def __str__(self) -> str:
        return str(self.record_id)


class DailyRow(models.Model):
    """Whose and which day: what the daily tables share. Without an application it is what nothing registered matched;
    with both, what was seen under that name and a person has linked to the application (docs/decisions/0025)."""

    application = models.ForeignKey(
        AIApplication, models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    sighting = models.ForeignKey(
        Sighting, models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )  # null: Unassigned
    day = models.DateField()  # in the organisation's time zone

    class Meta:
        abstract = True


class DailyUsage(DailyRow):
    """Figures of one application (or sighting), department and day. `users` are distinct, so they don't add up;
    `attacks` are the interactions with a mark of either kind, each counted once. Visits to AI sites are no
    interactions, but their people count among `users`. `off_hours`: interactions outside working hours; null where
    they were stored before these were counted. `files`: documents read, each as often as it was, and `unlabelled`:
    those of them without a sensitivity label; of what was stored before these were counted, none."""

    interactions = models.IntegerField()
    users = models.IntegerField()
    sensitive = models.IntegerField()
    jailbreak = models.IntegerField()
    injection = models.IntegerField()
    attacks = models.IntegerField()
    visits = models.IntegerField(default=0, db_default=0)
    uploaded = models.BigIntegerField(default=0, db_default=0)  # bytes sent with the visits
    off_hours = models.IntegerField(null=True)
    files = models.IntegerField(default=0, db_default=0)
    unlabelled = models.IntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "sighting", "day", "department"],
                nulls_distinct=False,
                name="daily_usage_once",
            ),
            models.CheckConstraint(
                condition=Q(application__isnull=False) | Q(sighting__isnull=False), name="daily_usage_of_any"
            ),
        ]
        indexes = [models.Index(fields=["day", "department"], name="daily_usage_by_day")]


class DailyPeople(DailyRow):
    """Who used an application on a day: what distinct users of any period are counted from. A line of figures has its
    people in one array, sorted, each once: a row for each of them cost ten times the space (docs/decisions/0043)."""

    people = ArrayField(models.UUIDField())  # pseudonyms

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "sighting", "day", "department"], nulls_distinct=False, name="daily_people_once"
            )
        ]
        indexes = [models.Index(fields=["day"], name="daily_people_by_day")]


class DailyUser(DailyRow):
    """That a person used an application on a day: a view of `DailyPeople` for whoever counts or looks for people. Its
    number is that of the line, so several people share it."""

    pseudonym = models.UUIDField()

    class Meta:
        managed = False


class DailySensitive(DailyRow):
    """Sensitive interactions by the labels and information types that made them so; each interaction stands in one."""

    labels = ArrayField(models.TextField(), default=list)
    information_types = ArrayField(models.TextField(), default=list)
    digest = models.UUIDField()  # of both lists: they can be too long for an index
    interactions = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "sighting", "day", "department", "digest"],
                nulls_distinct=False,
                name="daily_sensitive_once",
            )
        ]
        indexes = [models.Index(fields=["day"], name="daily_sensitive_by_day")]


class DirectoryUser(models.Model):
    """A person of the latest user list, keyed by pseudonym. Names are for those who may see them."""

    pseudonym = models.UUIDField(primary_key=True, default=uuid.uuid4)
    upn_pseudonym = models.UUIDField(null=True, unique=True)  # what records that only know the name carry
    object_id = models.CharField(max_length=300, blank=True)
    upn = models.CharField(max_length=300, blank=True)
    name = models.CharField(max_length=300, blank=True)
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+")
    enabled = models.BooleanField(default=True)
    updated_at = models.DateTimeField(db_default=Now())
    # The list that last changed this person, and what stood here before it; no `before`: it brought them
    batch = models.ForeignKey(ImportBatch, models.SET_NULL, null=True, related_name="+")
    before = models.JSONField(null=True)

    def __str__(self) -> str:
        return str(self.pseudonym)


class SeenUser(models.Model):
    """The name under which a record named a person, keyed by pseudonym: for people whom no user list holds."""

    pseudonym = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=300)

    def __str__(self) -> str:
        return str(self.pseudonym)


class Alert(models.Model):
    """A threat or an unusual activity reported about an AI application or a resource of it.

    `state` is what counts. It follows the feed until a person decides (`decided_at`); from then on that stands, and
    what the feed says is kept beside it (docs/decisions/0024).
    """

    external_id = models.CharField(max_length=200, unique=True, null=True)
    type = models.CharField(max_length=200, blank=True)  # the product's own name of this kind of alert
    title = models.CharField(max_length=300)
    severity = models.CharField(max_length=15, choices=Severity.choices)
    tactics = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    technique = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    state = models.CharField(max_length=15, choices=AlertState.choices, default=AlertState.NEW)
    feed_state = models.CharField(max_length=15, choices=AlertState.choices, blank=True, db_default="")
    decided_at = models.DateTimeField(null=True)  # since when a person's state stands; null: the feed's does
    outcome = models.TextField(blank=True, db_default="")  # lesson learnt, or why it was dismissed
    assignee = models.ForeignKey("inventory.User", models.SET_NULL, null=True, related_name="alerts")
    application = models.ForeignKey(AIApplication, models.PROTECT, null=True, related_name="alerts")
    tied_at = models.DateTimeField(null=True)  # since when a person's word on the application stands
    entities = models.JSONField(null=True)  # [kind, name] of what is named, people by pseudonym; null: nothing
    resource = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    raw = models.BinaryField(null=True)  # the record as it came, encrypted; null once purged
    batch = models.ForeignKey(ImportBatch, models.SET_NULL, null=True, related_name="+")  # the file that brought it
    latest_batch = models.ForeignKey(ImportBatch, models.SET_NULL, null=True, related_name="+")  # that last changed it
    received_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="alert_by_time"),
            models.Index(fields=["application", "-at"], name="alert_by_application"),
            models.Index(fields=["received_at"], name="alert_to_purge", condition=Q(raw__isnull=False)),
            # upper(): what icontains compares
            GinIndex(
                *[OpClass(Upper(f), "gin_trgm_ops") for f in ("title", "resource", "external_id")], name="alert_search"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def closed(self) -> bool:
        """Whether nothing is left to do."""
        return self.state in (AlertState.RESOLVED, AlertState.DISMISSED)

    @property
    def contradicted(self) -> bool:
        """Whether the feed says otherwise than what stands."""
        if not self.feed_state or self.feed_state == self.state:
            return False
        return {self.feed_state, self.state} != {AlertState.NEW.value, AlertState.ACTIVE.value}


class AlertStep(models.Model):
    """What was done about an alert, by whom, in their words: never changed, only added to."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="steps", db_index=False)
    action = models.CharField(max_length=15, choices=AlertAction.choices)
    actor = models.ForeignKey("inventory.User", models.SET_NULL, null=True, related_name="+")  # null: feed or system
    text = models.TextField(blank=True)
    about = models.CharField(max_length=300, blank=True)  # whom or what: an assignee, an application, a state
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["alert", "-at", "-id"], name="alert_step_by_alert")]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.about}".strip()
