"""What an alert is in the words of the field: techniques of MITRE ATLAS, risks of OWASP for language models and agents.

Which kind of alert shows which is our own reading, by the product's type. OWASP titles come from the framework files;
of ATLAS these hold the mitigations alone, so that the names of techniques stand here (ATLAS data, Apache License 2.0;
ids and names as public copies of its version 5 give them; a few, such as AML.T0051 and AML.T0054, from tables alone).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from risk.method import load_method

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_ATLAS = {
    "AML.T0010": "AI Supply Chain Compromise",
    "AML.T0012": "Valid Accounts",
    "AML.T0034": "Cost Harvesting",
    "AML.T0040": "AI Model Inference API Access",
    "AML.T0051": "LLM Prompt Injection",
    "AML.T0052": "Phishing",
    "AML.T0053": "AI Agent Tool Invocation",
    "AML.T0054": "LLM Jailbreak",
    "AML.T0055": "Unsecured Credentials",
    "AML.T0056": "Extract LLM System Prompt",
    "AML.T0057": "LLM Data Leakage",
    "AML.T0068": "LLM Prompt Obfuscation",
}
# What the type holds, folded; the first fit counts → for any alert, and for one about an agent besides
_SHOWS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("jailbreak", ("AML.T0054", "LLM01"), ("ASI01",)),
    ("asciismuggling", ("AML.T0068", "LLM01"), ("ASI01",)),
    ("credentialtheft", ("AML.T0055", "AML.T0057", "LLM02"), ("ASI03",)),
    ("maliciousurl.tooloutput", ("AML.T0051", "AML.T0052", "LLM01"), ("ASI02",)),
    ("maliciousurl.userprompt", ("AML.T0052",), ("ASI09",)),
    ("maliciousurl.modelresponse", ("AML.T0052", "LLM10"), ("ASI09",)),
    ("maliciousurl.unknownsource", ("AML.T0052", "LLM10"), ("ASI09",)),
    ("_dow", ("AML.T0034", "LLM06"), ()),
    ("llmreconnaissance", ("AML.T0056", "LLM08"), ()),
    ("instructionleakage", ("AML.T0056", "LLM08"), ()),
    ("anomaloustoolinvocation", ("AML.T0053", "LLM03"), ("ASI02",)),
    ("accessfrom", ("AML.T0012", "AML.T0040"), ("ASI03",)),
    ("accessanomaly", ("AML.T0012", "AML.T0040"), ()),
    ("anomalousoperation", ("AML.T0012",), ()),
    ("aimodelscan", ("AML.T0010", "LLM04"), ("ASI04",)),
)
_FRAMEWORKS = ("owasp_llm_2026", "owasp_asi_2026")
TYPES_OF = {
    key: tuple(part for part, shown, _ in _SHOWS if key in shown)
    for key in [*_ATLAS, *(f"LLM{n:02}" for n in range(1, 11))]
}


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique or risk by its id; the name is empty where nothing here knows it."""

    id: str
    name: str


def techniques(alert_type: str, delivered: str) -> tuple[Technique, ...]:
    """What an alert of this type shows, then what the feed itself named (ids parted by commas)."""
    folded = alert_type.casefold()
    found: dict[str, None] = {}
    for part, always, of_agents in _SHOWS:
        if part in folded:
            found = dict.fromkeys(always + (of_agents if "agentic" in folded else ()))
            break
    found |= dict.fromkeys(one.strip() for one in delivered.split(",") if one.strip())
    return tuple(Technique(key, name_of(key)) for key in found)


def name_of(key: str) -> str:
    """The name of a technique or risk; empty where it isn't known here."""
    if key in _ATLAS:
        return _ATLAS[key]
    frameworks = load_method().frameworks
    for name in _FRAMEWORKS:
        if name in frameworks and key in frameworks[name].requirements:
            return frameworks[name].requirements[key].title
    return ""


def choices() -> list[tuple[str, str]]:
    """The techniques that an alert can be found by, those that our reading knows."""
    return [(key, f"{key} {name_of(key)}") for key, types in TYPES_OF.items() if types]


def types_showing(keys: Iterable[str]) -> list[str]:
    """What the types hold that show one of these."""
    return sorted({part for key in keys for part in TYPES_OF.get(key, ())})


_ADVICE: tuple[tuple[str, tuple["StrPromise", ...]], ...] = (
    (
        "detectedattempt",
        (_("Switch blocking on: this attempt went through."), _("Read what was answered, and to whom.")),
    ),
    (
        "jailbreak",
        (_("See whether the same account tries again."), _("Check what instructions and tools it could have reached.")),
    ),
    (
        "asciismuggling",
        (
            _("Find the document or page that carried the hidden text."),
            _("Strip invisible characters from what comes in."),
        ),
    ),
    (
        "credentialtheft",
        (_("Revoke the credentials that were shown, now."), _("Find where the model read them and take them out.")),
    ),
    ("maliciousurl", (_("Warn whoever was shown the address."), _("Block it, and find which source brought it."))),
    ("_dow", (_("Set a limit for each caller."), _("See who pays: rotate the key if it is not yours to be used."))),
    ("llmreconnaissance", (_("Assume that the instructions are known: keep no secret in them."),)),
    ("instructionleakage", (_("Keep no secret in instructions."), _("Test that they are no longer given away."))),
    (
        "anomaloustoolinvocation",
        (_("Compare the calls with what the agent is for."), _("Take away tools that it doesn't need.")),
    ),
    (
        "access",
        (_("Ask the owner whether this access is known."), _("Rotate keys; require a known network and sign-in.")),
    ),
    ("aimodelscan", (_("Take the model file out of use."), _("Find where it came from, and what has loaded it."))),
)
_ANYHOW = (
    _("Ask the owner of the application what happened."),
    _("Close it with what was learnt, or dismiss it with the reason."),
)


def advice(alert_type: str) -> tuple[str, ...]:
    """What to do about an alert of this type; the last steps hold for any."""
    folded = alert_type.casefold()
    fitting = (steps for part, steps in _ADVICE if part in folded)
    return tuple(map(str, (*(step for steps in fitting for step in steps), *_ANYHOW)))
