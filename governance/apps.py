from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        """Register what `manage.py check` looks at, and make the roof's filters known to whoever reads an address."""
        from governance import checks  # noqa: F401 - registers by being imported
        from governance.selectors.narrowing import REQUIREMENTS
        from inventory.selectors import asked

        asked.teach({}, REQUIREMENTS.parameters)
