"""The register: AI applications, the names under which feeds report them, and the queue of changed ones."""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection, models
from django.db.models.functions import Now, Upper

from inventory.choices import NO_OWNER, ApplicationKind, IdentifierKind, Lifecycle, Origin
from inventory.models.history import tracked
from inventory.models.organisation import Department


class ApplicationQuerySet(models.QuerySet["AIApplication"]):
    def in_department(self, department: Department) -> "ApplicationQuerySet":
        """Those of the department and of everything below it."""
        return self.filter(department__in=Department.objects.subtree_of(department))

    def live(self) -> "ApplicationQuerySet":
        """Those that count in departments and totals (contracts §3)."""
        return self.filter(lifecycle=Lifecycle.LIVE)

    def owned_by(self, owner: str) -> "ApplicationQuerySet":
        """Those that the person of this user name owns; those that nobody owns for NO_OWNER."""
        return self.filter(owner=None) if owner == NO_OWNER else self.filter(owner__username=owner)

    def search(self, text: str) -> "ApplicationQuerySet":
        """Those whose name, purpose, vendor or external id contains the text, whatever the case."""
        condition = models.Q()
        for field in ("name", "purpose", "vendor", "external_id"):
            condition |= models.Q(**{f"{field}__icontains": text})
        return self.filter(condition)


@tracked(newest="application_in_force")
class AIApplication(models.Model):
    external_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    purpose = models.TextField(max_length=4000)
    kind = models.CharField(max_length=20, choices=ApplicationKind.choices)
    origin = models.CharField(max_length=20, choices=Origin.choices, default=Origin.IN_HOUSE)
    vendor = models.CharField(max_length=200, blank=True)
    department = models.ForeignKey(Department, models.PROTECT, related_name="applications")
    lifecycle = models.CharField(max_length=20, choices=Lifecycle.choices, default=Lifecycle.IDEA)
    owner = models.ForeignKey("inventory.User", models.SET_NULL, null=True, blank=True, related_name="owns")
    deputy = models.ForeignKey(
        "inventory.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="deputises",
    )
    next_review = models.DateField(null=True, blank=True)
    registered_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = "AI application"
        ordering = ["name", "id"]
        indexes = [
            models.Index(fields=["name", "id"], name="application_by_name"),
            models.Index(fields=["department", "lifecycle"], name="application_by_department"),
            models.Index(fields=["updated_at", "id"], name="application_by_update"),
            # What the list of a hundred thousand counts by: read without its wide rows, for the second word alone too
            models.Index(fields=["kind", "lifecycle", "id"], name="application_by_kind"),
            # upper(): what icontains compares, so that the search of the list page is an index scan
            GinIndex(
                *[OpClass(Upper(f), "gin_trgm_ops") for f in ("name", "purpose", "vendor", "external_id")],
                name="application_search",
            ),
            # What is the text itself, or begins with it: trigrams find longer names as well, two letters nearly all
            models.Index(OpClass(Upper("name"), "text_pattern_ops"), name="application_called"),
            models.Index(OpClass(Upper("external_id"), "text_pattern_ops"), name="application_numbered"),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class Identifier(models.Model):
    """A name under which feeds report an application. One name belongs to one application (contracts §2)."""

    application = models.ForeignKey(AIApplication, models.CASCADE, related_name="identifiers")
    kind = models.CharField(max_length=20, choices=IdentifierKind.choices)
    value = models.CharField(max_length=500)
    folded = models.CharField(max_length=500, editable=False)  # case-folded, what matching compares

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "folded"], name="identifier_of_one_application")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.folded = self.value.strip().casefold()
        super().save(*args, **kwargs)


class ChangedApplicationManager(models.Manager["ChangedApplication"]):
    def mark(self, applications: "models.QuerySet[AIApplication] | Iterable[int]") -> int:
        """Note that facts about these applications changed; returns how many were named.

        One statement. A row that a worker is just claiming makes this wait for that worker's commit and then stand
        anew, so a change that arrives during a recalculation is never lost.
        """
        if isinstance(applications, models.QuerySet):
            sql, params = applications.order_by("pk").values("pk").query.sql_with_params()
        else:
            sql, params = "SELECT unnest(%s::bigint[])", (sorted(set(applications)),)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO inventory_changedapplication (application_id) {sql}"
                " ON CONFLICT (application_id) DO UPDATE SET changed_at = statement_timestamp()",
                params,
            )
            return cursor.rowcount


class ChangedApplication(models.Model):
    """Queue: facts about this application changed, so whoever judges it should look again.

    A worker takes rows with FOR UPDATE SKIP LOCKED and deletes them in the transaction in which it writes its result.
    """

    application = models.OneToOneField(AIApplication, models.CASCADE, primary_key=True, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    objects = ChangedApplicationManager()
