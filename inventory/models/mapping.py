"""Which column of a file with a header of its own is what, as an administrator said it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from inventory.choices import MappedKind
from inventory.models.history import tracked


@tracked()
class MappingProfile(models.Model):
    """Applies by itself to every file with the same header: `header` is the digest of its folded names."""

    name = models.SlugField(max_length=30, unique=True)
    kind = models.CharField(max_length=20, choices=MappedKind.choices)
    header = models.CharField(max_length=64, unique=True)  # sha256
    columns = ArrayField(models.TextField())  # as they were written
    fields = models.JSONField()  # field → number of the column
    constants = models.JSONField(default=dict)  # field → value, the same for all rows
    day_first = models.BooleanField(default=False)
    zone = models.CharField(max_length=60, default="UTC")  # of times that name none
    saved_by = models.ForeignKey("inventory.User", models.SET_NULL, null=True, related_name="+")
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
