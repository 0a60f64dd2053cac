"""What inventories list: agents, dated. Computed from feeds, so without row history (contracts §4)."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from inventory.choices import AgentSource, AgentState
from inventory.models.activity import ImportBatch, Sighting
from inventory.models.application import AIApplication
from inventory.models.organisation import Department


class AgentListing(models.Model):
    """An agent as one inventory lists it, as of a time. Null: the inventory doesn't say.

    Several inventories list the same agent: `agent` is the same in all of its listings. Owners are pseudonyms.
    """

    source = models.CharField(max_length=30, choices=AgentSource.choices)
    key = models.CharField(max_length=900)  # its id in this inventory, as identifiers are compared
    agent = models.CharField(max_length=900)  # the key of the listing that was here first
    ids = ArrayField(models.TextField())  # all its ids, as identifiers are compared
    name = models.CharField(max_length=300)
    platform = models.CharField(max_length=100, blank=True)
    environment = models.CharField(max_length=100, blank=True)
    owners = ArrayField(models.UUIDField(), null=True)  # empty: it has none
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=AgentState.choices)
    created_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    as_of = models.DateTimeField(null=True)
    authentication = models.CharField(max_length=100, blank=True)
    access = models.CharField(max_length=100, blank=True)
    everyone = models.BooleanField(null=True)
    shared_with = models.IntegerField(null=True)
    knowledge = ArrayField(models.TextField(), default=list)
    tools = ArrayField(models.TextField(), default=list)
    channels = ArrayField(models.TextField(), default=list)
    model = models.CharField(max_length=100, blank=True)
    autonomous = models.BooleanField(null=True)
    maker_credentials = models.BooleanField(null=True)
    http = models.BooleanField(null=True)
    mcp = models.BooleanField(null=True)
    orphaned = models.BooleanField(null=True)
    application = models.ForeignKey(AIApplication, models.PROTECT, null=True, related_name="agent_listings")
    candidates = ArrayField(models.BigIntegerField(), default=list)  # applications that fit equally well
    # without a constraint: sightings come and go in sets, and a listing outlives them
    sighting = models.ForeignKey(
        Sighting, models.DO_NOTHING, null=True, db_constraint=False, related_name="agent_listings"
    )
    batch = models.ForeignKey(ImportBatch, models.SET_NULL, null=True, related_name="+")  # null once it is forgotten
    first_listed_at = models.DateTimeField(db_default=Now(), editable=False)
    changed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="agent_listed_once")]
        indexes = [
            models.Index(fields=["agent"], name="listing_by_agent"),
            GinIndex(fields=["ids"], name="listing_by_any_id"),
        ]

    def __str__(self) -> str:
        return self.name
