"""What an administrator states about labels and information types: how sensitive the data is that carries them."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import DataLevel, in_english
from inventory.connectors import levels
from inventory.models import InformationType, SensitivityLabel, User
from inventory.services.imports.dictionaries import mark_users_of_sensitive, work_levels_out

RESCORE = "risk.tasks.rescore_changed"
MODELS: dict[str, type[SensitivityLabel] | type[InformationType]] = {
    "label": SensitivityLabel,
    "type": InformationType,
}


@transaction.atomic
def state_level(*, actor: User | None, what: str, key: str, level: str) -> SensitivityLabel | InformationType:
    """State the level of a label (`what` is "label") or of an information type ("type"); an empty `level` takes the
    statement back, and what the names suggest counts again. The applications it bears upon are judged again.

    Raises PermissionDenied, ValidationError, or DoesNotExist.
    """
    access.require_everywhere(actor, Permission.ADMIN)
    if level and level not in DataLevel.values:
        raise ValidationError({"level": _("Choose one of the levels.")})
    entry = MODELS[what].objects.select_for_update().get(pk=key)
    before, entry.stated = entry.level, bool(level)
    entry.level = level or (levels.of_type(entry.name) if isinstance(entry, InformationType) else entry.level)
    entry.save(update_fields=["level", "stated"])
    if isinstance(entry, SensitivityLabel):
        work_levels_out()  # those below follow
        entry.refresh_from_db()
    mark_users_of_sensitive()
    audit_log.record(
        actor=actor,
        action=f"{'sensitivity_label' if what == 'label' else 'information_type'}.level_stated",
        summary=f"{entry.name}: {in_english(DataLevel(entry.level).label) if entry.level else 'level not known'}"
        + ("" if level else ", as its name suggests"),
        obj=entry,
        details={"key": key, "before": before, "level": entry.level, "stated": entry.stated},
    )
    doorbell.ring(RESCORE)
    return entry
