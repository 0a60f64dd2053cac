"""Hosts that are known to be AI sites, whether registered or not: of a proxy log only visits to these concern us."""

from collections.abc import Iterable

from inventory.catalogue import catalogue
from inventory.models import CloudApp

GENERATIVE = "generativeai"  # the category of the cloud app catalogue, in letters


class AIHosts:
    """Known AI sites; a host below one of them belongs to it."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = frozenset(hosts)

    def site(self, host: str) -> str:
        """The known site that a host is, or lies below; empty where it is none."""
        place = host.casefold()
        while place:
            if place in self._hosts:
                return place
            place = place.partition(".")[2]
        return ""


def known() -> AIHosts:
    """Those of the catalogue, and the domains of what a discovery service calls generative AI."""
    listed = CloudApp.objects.order_by().values_list("category", "domains")
    found = (domain for category, domains in listed.iterator() if is_generative(category) for domain in domains)
    return AIHosts({*catalogue().hosts, *found})


def is_generative(category: str) -> bool:
    """Whether a category of the cloud app catalogue means generative AI."""
    return "".join(filter(str.isalnum, category.casefold())) == GENERATIVE
