"""Hosts that are known to be AI sites, whether registered or not: of a proxy log only visits to these concern us."""

from collections.abc import Iterable

from inventory.models import CloudApp

GENERATIVE = "generativeai"  # the category of the cloud app catalogue, in letters
# Sites of general knowledge, so that a log tells something before any catalogue is loaded
WELL_KNOWN = frozenset(
    {
        "chatgpt.com", "chat.openai.com", "openai.com", "claude.ai", "anthropic.com", "gemini.google.com",
        "bard.google.com", "aistudio.google.com", "notebooklm.google.com", "generativelanguage.googleapis.com",
        "copilot.microsoft.com", "m365.cloud.microsoft", "copilot.cloud.microsoft", "openai.azure.com", "perplexity.ai",
        "mistral.ai", "deepseek.com", "x.ai", "grok.com", "meta.ai", "poe.com", "character.ai", "you.com", "pi.ai",
        "huggingface.co", "replicate.com", "cohere.com", "groq.com", "together.ai", "openrouter.ai", "midjourney.com",
        "stability.ai", "runwayml.com", "elevenlabs.io", "suno.com", "jasper.ai", "writesonic.com", "copy.ai",
        "grammarly.com", "deepl.com", "otter.ai", "fireflies.ai", "gamma.app", "cursor.com", "codeium.com",
        "githubcopilot.com", "tabnine.com", "phind.com", "manus.im", "kimi.com", "qwen.ai",
    }
)  # fmt: skip


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
    """The well-known ones, and the domains of what a discovery service calls generative AI."""
    listed = CloudApp.objects.order_by().values_list("category", "domains")
    found = (domain for category, domains in listed.iterator() if is_generative(category) for domain in domains)
    return AIHosts({*WELL_KNOWN, *found})


def is_generative(category: str) -> bool:
    """Whether a category of the cloud app catalogue means generative AI."""
    return "".join(filter(str.isalnum, category.casefold())) == GENERATIVE
