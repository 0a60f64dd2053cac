"""Registered against observed: what is seen and not registered, and what is registered and never seen.

`risk.selectors.beyond` adds what is used beyond its approval, which takes the answers of the questionnaire.
"""

from inventory.selectors.discovery.never import never_by_department, registered_never_seen
from inventory.selectors.discovery.seen import seen_by_department, seen_not_registered

__all__ = ["never_by_department", "registered_never_seen", "seen_by_department", "seen_not_registered"]
