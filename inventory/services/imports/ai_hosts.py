"""Hosts that are known to be AI sites, whether registered or not: of a log only visits to these concern us. Where it
names an app and no host, the app's site stands for it."""

from collections.abc import Iterable

from inventory.catalogue import Category, catalogue
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


def site_of(app: str) -> str:
    """The site of an app of the catalogue that is called so; empty where there is none. Copilots are left out: they go
    by the names of the programs that they are part of (Word, Teams), whose every use would count as theirs."""
    found = catalogue().find(name=app)
    return found.hosts[0] if found and found.hosts and found.category != Category.COPILOT else ""
