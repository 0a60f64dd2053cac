"""What people do about a recommendation: take it up, give it to somebody, dismiss it for a time, open it again."""

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.models import Recommendation, RecommendationAction, RecommendationState, RecommendationStep
from governance.selectors.rules import RULES
from inventory import access, audit_log
from inventory.access import Permission
from inventory.choices import in_english
from inventory.models import User

LONGEST = 90  # days of a dismissal
_UNDER_WAY = (RecommendationState.OPEN, RecommendationState.IN_PROGRESS)


@transaction.atomic
def start(*, actor: User | None, pk: int) -> Recommendation:
    """Take it in progress. Raises PermissionDenied, or ValidationError where it is not open."""
    card = _held(actor, pk, Permission.EDIT)
    if card.state != RecommendationState.OPEN:
        raise ValidationError(_("Only what is not started can be started."))
    _into(card, RecommendationState.IN_PROGRESS)
    return _noted(card, actor, RecommendationAction.STARTED)


@transaction.atomic
def assign(*, actor: User | None, pk: int, owner: User | None) -> Recommendation:
    """Give it to somebody who may see it, or to nobody."""
    card = _held(actor, pk, Permission.EDIT)
    if owner is not None and not access.may(owner, Permission.VIEW, card.department):
        raise ValidationError(
            _("%(owner)s may not see %(department)s.") % {"owner": owner, "department": card.department}
        )
    if card.state == RecommendationState.COMPLETED:
        raise ValidationError(_("It is completed: nothing is left to do."))
    if owner == card.owner:
        raise ValidationError(_("It is theirs already.") if owner else _("It is nobody's already."))
    card.owner = owner
    card.save(update_fields=["owner"])
    return _noted(card, actor, RecommendationAction.ASSIGNED, about=str(owner or "nobody"))


@transaction.atomic
def dismiss(*, actor: User | None, pk: int, reason: str, until: date | None) -> Recommendation:
    """Leave it be for a time, for a reason. It opens again by itself (services.recommendations.course)."""
    card = _held(actor, pk, Permission.REVIEW)
    reason, today = reason.strip(), timezone.localdate()
    if card.state not in _UNDER_WAY:
        raise ValidationError(_("Only what is open or in progress can be dismissed."))
    if not reason:
        raise ValidationError(_("Say why it is dismissed."))
    if until is None or not today <= until <= today + timedelta(days=LONGEST):
        raise ValidationError(_("Give the last day of the dismissal: from today to %(n)s days ahead.") % {"n": LONGEST})
    card.reason, card.until = reason[:2000], until
    card.kept_rows, card.kept_amount, card.kept_gravity = card.rows, card.amount, card.gravity
    _into(card, RecommendationState.DISMISSED)
    return _noted(card, actor, RecommendationAction.DISMISSED, card.reason, f"until {until.isoformat()}")


@transaction.atomic
def reopen(*, actor: User | None, pk: int, reason: str) -> Recommendation:
    """Take a dismissal back, or put what is in progress down again."""
    needed = Permission.REVIEW if _held(actor, pk, Permission.EDIT).state == RecommendationState.DISMISSED else None
    card = _held(actor, pk, needed or Permission.EDIT)
    if card.state not in (RecommendationState.DISMISSED, RecommendationState.IN_PROGRESS):
        raise ValidationError(
            _("It is open already.") if card.state == RecommendationState.OPEN else _("Nothing is found.")
        )
    if not reason.strip():
        raise ValidationError(_("Say why it is opened again."))
    card.reason, card.until = "", None
    _into(card, RecommendationState.OPEN)
    return _noted(card, actor, RecommendationAction.REOPENED, reason.strip()[:2000])


def _held(actor: User | None, pk: int, permission: Permission) -> Recommendation:
    """The card, locked. Http404 out of sight is the door's; here who may not is refused."""
    card = Recommendation.objects.select_for_update(of=("self",)).select_related("department", "owner").get(pk=pk)
    access.require(actor, permission, card.department)
    return card


def _into(card: Recommendation, state: str) -> None:
    card.state, card.since = state, timezone.now()
    card.save()


def _noted(
    card: Recommendation, actor: User | None, action: RecommendationAction, text: str = "", about: str = ""
) -> Recommendation:
    RecommendationStep.objects.create(
        recommendation=card, action=action, actor=actor, text=text, about=about, rows=card.rows, amount=card.amount
    )
    audit_log.record(
        actor=actor,
        action=f"recommendation.{action}",
        summary=f"{in_english(action.label)}{f' ({about})' if about else ''}: {in_english(RULES[card.rule].title)}, "
        f"{card.department}",
        obj=card,
        reason=text,
        details={"rule": card.rule, "department": card.department.key, "rows": card.rows, "amount": card.amount},
    )
    return card
