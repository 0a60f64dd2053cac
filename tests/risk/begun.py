"""An application that has begun: registered, and scored once."""

from inventory.models import AIApplication
from risk.services import scores
from tests.builders import make_application
from tests.cast import Cast


def make_begun(cast: Cast) -> AIApplication:
    """A live application of Cards, owned by Alice, with its first score."""
    found = make_application(cast.cards, "Card helper", owner=cast.alice)
    scores.rescore_changed()
    return found
