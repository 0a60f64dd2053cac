"""The department tree. Its one root is the organisation itself."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.expressions import RawSQL

from inventory.models.history import tracked

ROOT_KEY = "organisation"

# UNION, not UNION ALL: a cycle that slipped past the services ends here instead of running for ever.
_SUBTREE = """
WITH RECURSIVE sub AS (
    SELECT id FROM inventory_department WHERE id = %s
    UNION SELECT child.id FROM inventory_department child JOIN sub ON child.parent_id = sub.id
) SELECT id FROM sub"""


# From a department up to the root
_PATH = """
WITH RECURSIVE path AS (
    SELECT id, parent_id FROM inventory_department WHERE id = %s
    UNION SELECT above.id, above.parent_id FROM inventory_department above JOIN path ON path.parent_id = above.id
) SELECT id FROM path"""


class DepartmentQuerySet(models.QuerySet["Department"]):
    def root(self) -> "Department":
        """The organisation: the only department without a parent."""
        return self.get(parent=None)

    def subtree_of(self, department: "Department") -> "DepartmentQuerySet":
        """The department and everything below it, as a filter in SQL."""
        return self.filter(id__in=RawSQL(_SUBTREE, [department.pk]))  # noqa: S611 - constant SQL, bound parameter

    def path_of(self, department: "Department") -> "DepartmentQuerySet":
        """The department and everything above it, as a filter in SQL."""
        return self.filter(id__in=RawSQL(_PATH, [department.pk]))  # noqa: S611 - constant SQL, bound parameter

    def named(self, text: str) -> "DepartmentQuerySet":
        """Those whose external key, name or alias equals the text, trimmed and case-folded (contracts §2)."""
        folded = text.strip().casefold()
        return self.filter(
            models.Q(key__iexact=folded) | models.Q(name__iexact=folded) | models.Q(aliases__contains=[folded])
        )


@tracked()
class Department(models.Model):
    key = models.CharField("external key", max_length=64, unique=True)
    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    head = models.ForeignKey(
        "inventory.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="heads_departments",
    )
    cost_centre = models.CharField(max_length=64, blank=True)
    aliases = ArrayField(models.CharField(max_length=200), default=list, blank=True)  # case-folded
    from_feed = models.BooleanField(default=False)  # named by a user list, not yet placed in the tree by a person

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                models.F("parent"),
                condition=models.Q(parent=None),
                nulls_distinct=False,
                name="one_root_department",
            )
        ]

    def __str__(self) -> str:
        return self.name
