"""The released method, and the worked cases as data."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, settings

from risk.method import load_method, newest
from risk.scoring.method import Method

DATA = Path(__file__).parent.parent / "data"

# No deadline: how long one example takes says more about the machine than about the engine.
ENGINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)


@pytest.fixture(scope="session")
def method() -> Method:
    return load_method(newest())


def golden() -> dict[str, Any]:
    """The worked cases of the scores."""
    return yaml.safe_load((DATA / "golden.yaml").read_bytes())


def labelled_cases() -> list[dict[str, Any]]:
    """The labelled cases of the classification."""
    return yaml.safe_load((DATA / "cases.yaml").read_bytes())["tests"]
