"""Saved views: a page with its filters, columns and order under a name."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from inventory.models import Department


class SavedView(models.Model):
    """What an address asks of a page, never what it showed: whoever opens it sees what they may see themselves."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="views")
    name = models.CharField(max_length=100)
    page = models.CharField(max_length=40)  # of governance.services.views.PAGES
    query = models.CharField(max_length=2000, blank=True)  # without the page number
    # Shared with who has a role in this department, below it or above it; null: the owner's alone
    department = models.ForeignKey(Department, models.CASCADE, null=True, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="view_named_once_a_person")]

    def __str__(self) -> str:
        return self.name


class StartPage(models.Model):
    """The view that a person comes to after signing in."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    view = models.ForeignKey(SavedView, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.user}: {self.view}"
