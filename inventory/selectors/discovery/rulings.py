"""Which decisions of people are in force."""

from datetime import date, timedelta
from functools import reduce
from operator import or_

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from inventory.choices import RulingKind
from inventory.models import AgentListing, CarriedName, CloudApp, DailyUsage, Ruling

USE_DAYS = 30
GROWTH = 10  # times the use at the decision: what was ruled out as harmless is another thing by then
LEAST_USE = 10  # what counts as the use at the decision at least, so that a handful of records wakes nobody


def by_link_alone() -> QuerySet[CarriedName]:
    """Names under which all that stands came to an application by the identifiers that a link added."""
    facts = (DailyUsage, AgentListing, CloudApp)
    loose = (Exists(one.objects.filter(application=None, sighting__folded=OuterRef("folded"))) for one in facts)
    return CarriedName.objects.exclude(reduce(or_, loose))


def in_force(day: date | None = None) -> QuerySet[Ruling]:
    """Links, and what is ruled out until its day, while its use (interactions and visits in 30 days, everybody's) is
    less than ten times that of the decision."""
    day = day or timezone.localdate()
    use = (
        DailyUsage.objects.filter(application=None, sighting__folded=OuterRef("folded"))
        .filter(day__gt=day - timedelta(days=USE_DAYS), day__lte=day)
        .order_by()
        .values("sighting")
        .annotate(n=Sum(F("interactions") + F("visits")))
        .values("n")
    )
    lasts = Q(until=None) | Q(until__gte=day)
    calm = Q(now__lt=Value(GROWTH) * Greatest(F("use"), Value(LEAST_USE)))
    return Ruling.objects.alias(now=Coalesce(Subquery(use), 0)).filter(Q(kind=RulingKind.LINKED) | (lasts & calm))
