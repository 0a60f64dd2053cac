"""AI apps in the cloud as a discovery service reports them: added up over people, for the whole organisation."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from inventory.models.activity import Sighting
from inventory.models.application import AIApplication


class CloudApp(models.Model):
    """What the latest report says of an app. Its figures stand for the service's own period, so they are never added to
    the visits of logs. `safety` is the service's score, 0 unsafe to 10 safe: `risk` turns it round."""

    key = models.CharField(max_length=300, primary_key=True)
    name = models.CharField(max_length=300)
    category = models.CharField(max_length=300, blank=True)
    domains = ArrayField(models.TextField(), default=list)
    safety = models.FloatField(null=True)
    tags = ArrayField(models.TextField(), default=list)
    transactions = models.BigIntegerField()
    uploaded = models.BigIntegerField()  # bytes, as below
    downloaded = models.BigIntegerField()
    users = models.BigIntegerField()
    last_seen = models.DateTimeField(null=True)
    application = models.ForeignKey(AIApplication, models.SET_NULL, null=True, related_name="+")
    # without a constraint: sightings come and go in sets
    sighting = models.ForeignKey(Sighting, models.DO_NOTHING, null=True, db_constraint=False, related_name="cloud_apps")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-users", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def risk(self) -> int | None:
        """The service's score as a risk, 0 to 100, which rises the way ours does."""
        return None if self.safety is None else round(100 - 10 * self.safety)
