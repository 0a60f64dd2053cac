from typing import Any

import pytest

from inventory.models import AIApplication
from tests.cast import Cast
from tests.risk.begun import make_begun


@pytest.fixture
def application(cast: Cast, stage: dict[str, Any]) -> AIApplication:
    """A live application of Cards, owned by Alice, with its first score."""
    found: AIApplication = stage["application"] if "application" in stage else make_begun(cast)
    return found
