"""Every page of the people's doors with what stands behind its address in the estate at hand, and its queries."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.models import Recommendation
from governance.web import urls as governance
from inventory import access
from inventory.models import Feed, ImportBatch, Interaction, User
from inventory.web import urls as inventory
from risk.models import Evidence, Incident
from risk.web import urls as risk

MOST = 15
DOWNLOADS = (".csv", ".html", "/file/", "/download/", "/board/")


def behind(user: User) -> dict[str, Callable[[], QuerySet[Any]]]:
    """What a number in an address is of, by how the address begins."""
    return {
        "applications/": lambda: access.applications(user).filter(score__counted_in__isnull=False).order_by("-pk"),
        "alerts/": lambda: access.alerts(user).exclude(application=None),
        "discovery/": lambda: access.sightings(user),
        "unusual/": lambda: access.unusual_days(user),
        "activity/": lambda: Interaction.objects.filter(application__in=access.applications(user)),
        "incidents/": lambda: Incident.objects.filter(application__in=access.applications(user)),
        "recommendations/": lambda: Recommendation.objects.all(),
        "feeds/": lambda: ImportBatch.objects.order_by("-pk"),
        "people/": lambda: User.objects.filter(pk=user.pk),
    }


def addresses(user: User) -> Iterator[tuple[str, str]]:
    """(name, address) of each page whose address something of this estate fills; what changes or downloads left out."""
    found = {start: query().values_list("pk", flat=True).first() for start, query in behind(user).items()}
    department = access.departments(user).exclude(parent=None).order_by("pk").first()
    proof = Evidence.objects.filter(application__in=access.applications(user)).order_by("pk").first()
    known: dict[str, Any] = {
        "key": department and department.key,
        "slug": Feed.objects.values_list("slug", flat=True).first(),
        "framework": "eu_ai_act",
        "form": "impact",
    }
    for house in (governance, inventory, risk):
        for one in house.urlpatterns:
            route, values = str(one.pattern), {**known}
            values["pk"] = next((pk for start, pk in found.items() if route.startswith(start)), None)
            if "<int:item>" in route:
                values |= {"item": proof and proof.pk, "pk": proof and proof.application_id}
            if "/controls/<" in route:
                values["key"] = "GV-01"
            wanted = {name: values.get(name) for name in one.pattern.converters}
            if None not in wanted.values() and not route.endswith(DOWNLOADS):
                yield one.name, reverse(f"{house.app_name}:{one.name}", kwargs=wanted)


def queries(client: Client, address: str) -> list[str]:
    """The SQL of a page that was opened before; none of what isn't a page of its own (another method, elsewhere)."""
    if client.get(address).status_code != HTTPStatus.OK:
        return []
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return [one["sql"] for one in captured]


def open_every_one(client: Client, person: User) -> set[str]:
    """Open every page as that person, hold each to its number of queries, and return the names of those that opened."""
    client.force_login(person)
    opened, over = set(), []
    for name, address in addresses(person):
        asked = queries(client, address)
        opened |= {name} if asked else set()
        if len(asked) > MOST:
            over.append(f"{person}: {address} took {len(asked)}\n  " + "\n  ".join(sql[:160] for sql in asked))
    assert not over, "\n".join(over)
    return opened
