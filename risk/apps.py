from django.apps import AppConfig


class RiskConfig(AppConfig):
    name = "risk"
    verbose_name = "Risk"

    def ready(self) -> None:
        """Make the judge's words known to whoever reads an address, and its checks to `manage.py check`."""
        from inventory.selectors import asked
        from risk import checks  # noqa: F401 - registers what `manage.py check` looks at
        from risk.choices import OVERALL, Band, EUClass, Principle
        from risk.selectors.applications import OPEN_CLASS

        asked.teach(
            {
                "band": Band.values,
                "class": [*EUClass.values, OPEN_CLASS],
                "principle": [OVERALL, *Principle.values],
            }
        )
