"""A shared platform's statements, repeated by the applications that run on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from inventory import access, audit_log
from inventory.access import Permission
from inventory.models import AIApplication, User
from risk.models import ControlState
from risk.selectors.sharing import shareable
from risk.services import evidence, scores
from risk.services.inheritance import COPIED, named

# An application's own statement, or its agreed *not applicable*, stays: ON CONFLICT
_SHARE = """
WITH made AS (
    INSERT INTO risk_controlstate (application_id, control, inherited_from_id, {columns})
    SELECT wanted.id, own.control, own.application_id, {values}
    FROM risk_controlstate AS own CROSS JOIN ({applications}) AS wanted(id)
    WHERE own.application_id = %s AND own.control = ANY(%s) AND own.inherited_from_id IS NULL
    ORDER BY wanted.id, own.control
    ON CONFLICT (application_id, control) DO NOTHING
    RETURNING application_id)
SELECT count(*), array_agg(DISTINCT application_id) FROM made"""


@dataclass(frozen=True, slots=True)
class Shared:
    """What a sharing did: applications that inherit anything now, rows written, and pairs that had their own word."""

    applications: int
    rows: int
    kept: int


@transaction.atomic
def share(
    *, actor: User | None, platform: AIApplication, controls: Sequence[str], applications: QuerySet[AIApplication]
) -> Shared:
    """Let applications repeat what the platform states about some of its controls, and follow it from now on.

    Only applications that the person may edit, and never over a statement of their own. A number of queries that does
    not depend on how many they are. Raises PermissionDenied, or ValidationError for controls without a statement.
    """
    platform = evidence.locked(actor, platform)
    own = shareable(platform).filter(control__in=controls).values_list("control", flat=True)
    if missing := sorted(set(controls) - set(own)):
        raise ValidationError(
            {
                "controls": _("Not stated here, so there is nothing to share: %(missing)s.")
                % {"missing": ", ".join(missing)}
            }
        )
    if not controls:
        raise ValidationError({"controls": _("Choose at least one control.")})
    wanted = access.applications(actor, Permission.EDIT).filter(pk__in=applications.order_by().values("pk"))
    wanted = wanted.exclude(pk=platform.pk).order_by()
    count = wanted.count()
    if not count:
        raise ValidationError({"applications": _("Choose at least one application that you may edit.")})
    rows, inheriting = _insert(platform, controls, wanted)
    done = Shared(len(inheriting), rows, count * len(set(controls)) - rows)
    if rows:
        scores.mark(inheriting)
        _record(actor, platform, "controls.shared", "Shared with", controls, done.rows, inheriting)
    return done


@transaction.atomic
def end_sharing(*, actor: User | None, platform: AIApplication, controls: Sequence[str]) -> int:
    """Stop passing these controls on; returns how many rows ended.

    An inherited statement goes with its sharing, since the application never made it: the control is open there again.
    """
    platform = evidence.locked(actor, platform)
    rows = ControlState.objects.filter(inherited_from=platform, control__in=controls)
    inheriting = sorted(set(rows.values_list("application_id", flat=True)))
    if not inheriting:
        return 0
    kept = rows.filter(not_applicable=True).update(status=None, inherited_from=None)
    ended = kept + rows.delete()[0]
    scores.mark(inheriting)
    _record(actor, platform, "controls.unshared", "No longer shared with", controls, ended, inheriting)
    return ended


def _insert(platform: AIApplication, controls: Sequence[str], wanted: QuerySet[AIApplication]) -> tuple[int, list[int]]:
    applications, params = wanted.values("pk").query.sql_with_params()
    sql = _SHARE.format(
        columns=", ".join(COPIED), values=", ".join(f"own.{column}" for column in COPIED), applications=applications
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, platform.pk, list(controls)])
        rows, inheriting = cursor.fetchone()
    return rows, inheriting or []


def _record(
    actor: User | None,
    platform: AIApplication,
    action: str,
    words: str,
    controls: Sequence[str],
    rows: int,
    followers: Sequence[int],
) -> None:
    chosen = sorted(set(controls))
    count = f"{len(followers)} application{'' if len(followers) == 1 else 's'}"
    audit_log.record(
        actor=actor,
        action=action,
        summary=f"{words} {count}: {', '.join(chosen)} of {platform.external_id}",
        obj=platform,
        details={"controls": chosen, "rows": rows, **named(followers)},
    )
