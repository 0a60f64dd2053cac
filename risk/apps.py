from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RiskConfig(AppConfig):
    name = "risk"
    verbose_name = "Risk"

    def ready(self) -> None:
        """Make the judge's words known to whoever reads an address and narrows, its checks to `manage.py check`,
        and its objections to whoever moves an application along its life cycle."""
        from inventory.selectors import asked, chosen
        from inventory.services import lifecycle
        from risk import checks  # noqa: F401 - registers what `manage.py check` looks at
        from risk.choices import OVERALL, Band, EUClass, Principle
        from risk.selectors import applications_then
        from risk.selectors.applications import OPEN_CLASS
        from risk.selectors.evidence import ENDINGS
        from risk.services import gate

        lifecycle.add_guard("risk", gate.objections)
        chosen.narrow_by(applications_then.chosen)
        classes: dict[str, Any] = {**dict(EUClass.choices), OPEN_CLASS: _("Not decided")}
        principles: dict[str, Any] = {OVERALL: _("Overall"), **dict(Principle.choices)}
        asked.teach(
            {
                "band": Band.values,
                "class": [*EUClass.values, OPEN_CLASS],
                "principle": [OVERALL, *Principle.values],
                "ends": ENDINGS,
            },
            names=["evidence"],
            said={"band": dict(Band.choices), "class": classes, "principle": principles},
        )
