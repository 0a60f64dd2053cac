"""The fifteen rules of recommendations, by key: a dict one can read (docs/decisions/0027)."""

from governance.selectors.rules import agents, feeds, oversight, threats, usage
from governance.selectors.rules.base import Rule

RULES: dict[str, Rule] = {
    rule.key: rule
    for rule in sorted(
        (*usage.RULES, *threats.RULES, *agents.RULES, *oversight.RULES, *feeds.RULES), key=lambda rule: rule.number
    )
}
