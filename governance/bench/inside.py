"""For the modules that run inside a cluster: Django set up there, results as one JSON line."""

import json
import math
import os
from typing import Any


def set_up() -> None:
    """Django, with the settings of the cluster whose folder HUB_HOME names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
    import django

    django.setup()


def report(**figures: Any) -> None:
    """The last line on stdout, which the bench reads."""
    print(json.dumps(figures))


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of the values doesn't exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]
