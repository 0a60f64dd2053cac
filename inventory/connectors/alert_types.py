"""The alerts about AI that Microsoft Defender for Cloud documents (alerts for AI workloads, as of May 2026).

Data that ships with the code: which alert types are about AI, with the severity and tactics their page gives. Types it
will add later are still recognised by how they begin, and shown as not mapped.
"""

import re

_INITIAL = ("Execution", "Reconnaissance", "InitialAccess")
_JAILBREAK = ("PrivilegeEscalation", "DefenseEvasion")
# Type, folded → (severity, tactics)
DOCUMENTED: dict[str, tuple[str, tuple[str, ...]]] = {
    name.casefold(): (severity, tactics)
    for name, severity, tactics in (
        ("AI.Azure_CredentialTheftAttempt", "medium", ("CredentialAccess", "LateralMovement", "Exfiltration")),
        ("AI.Azure_Jailbreak.ContentFiltering.BlockedAttempt", "medium", _JAILBREAK),
        ("AI.Azure_Jailbreak.ContentFiltering.DetectedAttempt", "medium", _JAILBREAK),
        ("AI.Azure_MaliciousUrl.ModelResponse", "high", ("Impact",)),
        ("AI.Azure_MaliciousUrl.UnknownSource", "high", ("Impact", "Collection")),
        ("AI.Azure_MaliciousUrl.UserPrompt", "high", ("Collection",)),
        ("AI.Azure_AccessFromSuspiciousUserAgent", "medium", _INITIAL),
        ("AI.Azure_ASCIISmuggling", "high", ("Impact",)),
        ("AI.Azure_AccessFromAnonymizedIP", "high", ("Execution",)),
        ("AI.Azure_AccessFromSuspiciousIP", "high", ("Execution",)),
        ("AI.Azure_DOWDuplicateRequests", "medium", ("Impact",)),
        ("AI.Azure_DOWVolumeAnomaly", "medium", ("Impact",)),
        ("AI.Azure_AccessAnomaly", "medium", _INITIAL),
        ("AI.Azure_AnomalousOperation.InitialAccess", "medium", ("InitialAccess",)),
        ("AI.Azure_AnomalousToolInvocation", "low", ("Execution",)),
        ("AI.Azure_LLMReconnaissance", "low", ("Reconnaissance",)),
        ("AI.Azure_Agentic_Jailbreak", "medium", _JAILBREAK),
        ("Azure_Agentic_BlockedJailbreak", "medium", _JAILBREAK),
        ("AI.Azure_Agentic_ASCIISmuggling", "high", ("Impact",)),
        ("AI.Azure_Agentic_MaliciousUrl.UserPrompt", "high", ("Collection",)),
        ("AI.Azure_Agentic_AccessFromSuspiciousIP", "high", ("Execution",)),
        ("AI.Azure_Agentic_AccessFromAnonymizedIP", "high", ("Execution",)),
        ("AI.Azure_Agentic_AccessFromSuspiciousUserAgent", "medium", _INITIAL),
        ("AI.Azure_Agentic_MaliciousUrl.ModelResponse", "high", ("Impact",)),
        ("AI.Azure_Agentic_MaliciousUrl.ToolOutput", "high", ("Impact",)),
        ("AI.Azure_Agentic_DOWVolumeAnomaly", "medium", ("Impact",)),
        ("AI.Azure_Agentic_InstructionLeakage", "low", ("Impact",)),
        ("AI.Azure_Agentic_LLMReconnaissance", "low", ("Reconnaissance",)),
        ("AI.AIModelScan_MalwareDetected", "high", ()),
        # has no type of its own: known by its display name
        ("Exposed Kubernetes service detected", "medium", ()),
    )
}
_ABOUT_AI = re.compile(r"(?:ai\.(?:azure|aimodelscan)_|azure_agentic_)")


def about_ai(alert_type: str) -> bool:
    """Whether the type says that the alert is about AI, documented or not."""
    folded = alert_type.casefold()
    return folded in DOCUMENTED or _ABOUT_AI.match(folded) is not None


def mapped(alert_type: str) -> bool:
    """Whether the type is a documented one."""
    return alert_type.casefold() in DOCUMENTED
