"""What people decide about what feeds name and the register lacks."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from inventory.choices import RulingKind
from inventory.models.application import AIApplication
from inventory.models.history import tracked


@tracked()
class Ruling(models.Model):
    """A decision about a name seen. Keyed by the folded name, because sightings come and go with what tells of them:
    a decision outlives the undoing of a file and stands when it is read again."""

    folded = models.CharField(max_length=300, unique=True)
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=10, choices=RulingKind.choices)
    reason = models.TextField(max_length=2000, blank=True)
    until = models.DateField(null=True)  # last day on which it is ruled out; null: no end
    use = models.BigIntegerField(default=0)  # interactions and visits of the 30 days before it was ruled out
    application = models.ForeignKey(AIApplication, models.PROTECT, null=True, related_name="rulings")
    identifiers = ArrayField(models.TextField(), default=list)  # kind:folded value, which the link added
    decided_by = models.ForeignKey("inventory.User", models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-decided_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=RulingKind.LINKED, application__isnull=False, until__isnull=True)
                | Q(kind=RulingKind.RULED_OUT, application__isnull=True),
                name="ruling_links_or_rules_out",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.get_kind_display()}"


class CarriedName(models.Model):
    """Another name under which an identifier that a link added has matched. What stands under it came by the link and
    goes back with it; written with the facts, so without row history."""

    ruling = models.ForeignKey(Ruling, models.CASCADE, related_name="carried", db_index=False)
    folded = models.CharField(max_length=300)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruling", "folded"], name="carried_name_once")]
        indexes = [models.Index(fields=["folded"], name="carried_name_by_name")]

    def __str__(self) -> str:
        return self.folded
