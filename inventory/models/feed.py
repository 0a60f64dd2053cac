"""Feeds: who may deliver files by machine, how often they are expected to, and the keys they prove themselves with."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from inventory.models.history import tracked


@tracked(exclude=["refused_at", "refused_why", "announced", "announced_at"])
class Feed(models.Model):
    """A source that delivers files: over the API, by the drop folder, or at the console in its name.

    It is switched off, never deleted, so that each batch can say where it came from.
    """

    slug = models.SlugField(max_length=60, unique=True)  # in the address; never changes
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=40, blank=True)  # of connectors.registry; empty: told by the content
    expected_hours = models.PositiveIntegerField(null=True)  # between two deliveries; null: no expectation
    networks = ArrayField(models.CharField(max_length=43), default=list)  # that may call; empty: any
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # What a caller who knew the token got wrong last, so that its keeper can see it
    refused_at = models.DateTimeField(null=True)
    refused_why = models.CharField(max_length=300, blank=True)
    # Content that Microsoft 365 said is there to be fetched, and that was not delivered since
    announced = models.PositiveBigIntegerField(default=0)
    announced_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class FeedKey(models.Model):
    """A token and a signing key of a feed. Two are valid for a while after a rotation, so that none is cut off.

    The token is looked up by its digest; the signing key is encrypted, because checking a signature needs it.
    """

    feed = models.ForeignKey(Feed, models.CASCADE, related_name="keys")
    token_digest = models.CharField(max_length=64, unique=True)  # SHA-256 in hexadecimal
    token_begins = models.CharField(max_length=12)
    signing_key = models.BinaryField()  # Fernet
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at", "-id"]

    def __str__(self) -> str:
        return f"{self.token_begins}…"
