"""The thresholds of the rules, as an administrator sets them."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from governance.models import RuleThreshold
from governance.selectors.rules import RULES
from governance.selectors.rules.base import Rule, Threshold
from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import in_english
from inventory.models import User

EVALUATE = "governance.tasks.evaluate_recommendations"


@transaction.atomic
def change_thresholds(*, actor: User | None, rule: str, values: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Set thresholds of one rule; what changed, as (before, after). One that equals the rule's own is forgotten.

    Raises PermissionDenied, or ValidationError by threshold where a value is out of its bounds.
    """
    access.require_everywhere(actor, Permission.ADMIN)
    known = RULES[rule]
    _check(known, values)
    stored = RuleThreshold.objects.select_for_update().filter(rule=rule)
    before = known.values({(rule, one.name): one.value for one in stored})
    changed = {name: (before[name], value) for name, value in values.items() if before[name] != value}
    if not changed:
        return {}
    own = {one.name: one.value for one in known.thresholds}
    for name, (__, value) in changed.items():
        if value == own[name]:
            stored.filter(name=name).delete()
        else:
            RuleThreshold.objects.update_or_create(rule=rule, name=name, defaults={"value": value})
    audit_log.record(
        actor=actor,
        action="recommendation_thresholds.changed",
        summary=f"{in_english(known.title)}: "
        + ", ".join(f"{name.replace('_', ' ')} {old:g} → {new:g}" for name, (old, new) in changed.items()),
        details={"rule": rule, "changed": {name: list(pair) for name, pair in changed.items()}},
    )
    doorbell.ring(EVALUATE, True)
    return changed


def out_of_bounds(one: Threshold) -> str:
    """What is said of a number that the threshold can't be."""
    return _("Give a number from %(least)s to %(most)s.") % {"least": f"{one.least:g}", "most": f"{one.most:g}"}


def _check(rule: Rule, values: Mapping[str, float]) -> None:
    bounds = {one.name: one for one in rule.thresholds}
    problems = {
        name: out_of_bounds(bounds[name]) if name in bounds else _("The rule has no such threshold.")
        for name, value in values.items()
        if name not in bounds or not bounds[name].least <= value <= bounds[name].most
    }
    if problems:
        raise ValidationError(problems)
