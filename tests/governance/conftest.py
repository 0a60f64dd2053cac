import pytest
from django.template import Context, Template
from django.test.signals import template_rendered

from tests.governance.estate import estate

__all__ = ["estate"]


@pytest.fixture
def figures_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are worked out and not written, for tests that ask many of them for `context` alone: half the time."""

    def told(template: Template, context: Context) -> str:
        template_rendered.send(sender=template, template=template, context=context)
        return ""

    monkeypatch.setattr(Template, "_render", told)
