"""Matches of data-loss rules, out of audit records (operation DlpRuleMatch) and out of the activity explorer.

What is kept: which policy, which rule, how severe, what was done about it, which types of information. Not kept: what
matched, the file, its owner, the justification that a person wrote.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from inventory.connectors.base import MAX_NAME, Seen
from inventory.connectors.delimited import clean
from inventory.connectors.records import Record, inner, member

# Prefixes of the policies that Purview makes for AI; the first one is of the preview and stays on policies made then
AI_POLICIES = ("microsoft ai hub", "dspm for ai")
SEVERITIES = ("informational", "low", "medium", "high")
# Endpoint enforcement as numbers (Management Activity API schema) and as words
_ENFORCEMENT = {
    "1": "audit", "audit": "audit", "auditonly": "audit", "2": "warn", "warn": "warn", "blockwithoverride": "warn",
    "3": "override", "warnandbypass": "override", "bypass": "override", "4": "block", "block": "block",
    "5": "allow", "allow": "allow",
}  # fmt: skip


class Match(NamedTuple):
    """The most severe rule of a record."""

    policy: str
    rule: str
    severity: str
    enforcement: str


def match_of(record: Record) -> Match | None:
    """The most severe rule that the record's policies name; None where it names none."""
    found = [
        Match(policy, rule, severity, mode)
        for policy, listed in _policies(record)
        for rule, severity, mode in _rules(listed)
    ]
    if not found:
        return None
    worst = max(found, key=lambda one: SEVERITIES.index(one.severity) if one.severity else -1)
    return worst._replace(enforcement=_done(record) or worst.enforcement)


def seen_in(record: Record, operation: str) -> Seen:
    """How a match names the application that data went to: by its identity, else by the host."""
    endpoint = inner(member(record, "endpointmetadata"))
    holders = [record, endpoint] if isinstance(endpoint, dict) else [record]
    host = next((found for one in holders if (found := word(member(one, "targetdomain", "targeturl")))), "")
    return Seen(
        agent_id=word(member(record, "agentid")),
        agent_name=word(member(record, "agentname")),
        app_identity=word(member(record, "appidentity")),
        host=host,
        operation=operation,
    )


def about_ai(seen: Seen, policy: str, workload: Any) -> bool:
    """Whether a record says itself that it is about AI."""
    named = seen.agent_id or seen.app_identity
    works = word(workload).casefold() in ("copilot", "aiapp", "connectedaiapp")
    return bool(named) or works or policy.casefold().startswith(AI_POLICIES)


def word(value: Any) -> str:
    """A name; empty where the value is none."""
    return clean(value[: MAX_NAME * 4])[:MAX_NAME] if isinstance(value, str) else ""


def _policies(record: Record) -> Iterator[tuple[str, list[Record]]]:
    """(policy, its rules): audit records list them, the activity explorer names one."""
    listed = inner(member(record, "policydetails", "policymatchinfo"))
    for policy in listed if isinstance(listed, list) else [listed]:
        if isinstance(policy, dict):
            rules = inner(member(policy, "rules"))
            named = [one for one in rules if isinstance(one, dict)] if isinstance(rules, list) else [policy]
            yield word(member(policy, "policyname", "policyid")), named
    flat = word(member(record, "policyname"))
    if flat and not listed:
        yield flat, [record]


def _rules(listed: list[Record]) -> Iterator[tuple[str, str, str]]:
    for rule in listed:
        name = word(member(rule, "rulename", "ruleid"))
        severity = word(member(rule, "severity", "ruleseverity")).casefold()
        mode = _ENFORCEMENT.get(_letters(member(rule, "enforcementmode", "rulemode")), "")
        if name:
            yield name, severity if severity in SEVERITIES else "", mode


def _done(record: Record) -> str:
    """What was done about it, as far as the record says."""
    exception = inner(member(record, "exceptioninfo"))
    if isinstance(exception, dict) and _letters(member(exception, "reason")) == "override":
        return "override"
    endpoint = inner(member(record, "endpointmetadata"))
    given = member(endpoint, "enforcementmode") if isinstance(endpoint, dict) else member(record, "enforcementmode")
    return _ENFORCEMENT.get(_letters(given), "")


def _letters(value: Any) -> str:
    value = str(value) if isinstance(value, int) else value
    return "".join(filter(str.isalnum, value.casefold())) if isinstance(value, str) else ""
