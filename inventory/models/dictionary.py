"""What ids in feeds stand for: sensitivity labels and sensitive information types, by the lists that are loaded.

A `level` says how sensitive the data is that carries the label or the type: suggested by the name, or `stated` by an
administrator, which no later list changes.
"""

from django.db import models

from inventory.choices import DataLevel
from inventory.models.history import tracked


class Entry(models.Model):
    """What labels and types share. Ids are kept in lower case, as feeds' ids are."""

    key = models.CharField(max_length=300, primary_key=True)
    name = models.CharField(max_length=300)
    level = models.CharField(max_length=20, choices=DataLevel.choices, blank=True)  # empty: unknown, counts nowhere
    stated = models.BooleanField(default=False)  # whether a person gave the level

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


@tracked()
class SensitivityLabel(Entry):
    rank = models.IntegerField(null=True)  # Purview's priority: the higher, the more sensitive
    parent = models.CharField(max_length=300, blank=True)  # key of the label it stands under, listed or not

    class Meta:
        ordering = ["rank", "name"]


@tracked()
class InformationType(Entry):
    class Meta:
        ordering = ["name"]
