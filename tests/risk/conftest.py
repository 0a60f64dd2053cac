"""An application that has begun: registered, and scored once."""

import pytest

from inventory.models import AIApplication
from risk.services import scores
from tests.builders import make_application
from tests.cast import Cast


@pytest.fixture
def application(cast: Cast) -> AIApplication:
    """A live application of Cards, owned by Alice, with its first score."""
    found = make_application(cast.cards, "Card helper", owner=cast.alice)
    scores.rescore_changed()
    return found
