"""The walls between storeys and rooms (docs/map.md), and what imports can't show: relations between tables."""

import subprocess
import sys
import tomllib

import pytest
from django.apps import apps
from django.db import models

from tests.architecture.project import PROJECT, STOREYS, files, name

LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"


def test_no_import_crosses_a_wall() -> None:
    answer = subprocess.run([sys.executable, "-c", LINT], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("storey", STOREYS)
def test_every_file_of_a_storey_has_a_room(storey: str) -> None:
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rooms = [contract for contract in contracts if contract.get("containers") == [storey]]
    assert len(rooms) == 1
    assert rooms[0]["exhaustive"] is True


def test_there_is_no_drawer_for_everything() -> None:
    drawers = {"utils", "helpers", "common", "core", "misc", "lib", "shared"}
    assert [name(path) for path in files("*.py", *STOREYS) if drawers & set(path.with_suffix("").parts)] == []


def _relations() -> list[tuple[type[models.Model], str, type[models.Model]]]:
    return [
        (model, field.name, field.related_model)
        for storey in STOREYS
        for model in apps.get_app_config(storey).get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and isinstance(field.related_model, type)
    ]


def test_no_table_points_up_a_storey() -> None:
    height = {storey: number for number, storey in enumerate(STOREYS)}
    upwards = [
        f"{model.__name__}.{field} -> {target.__name__}"
        for model, field, target in _relations()
        if height.get(target._meta.app_label, -1) > height[model._meta.app_label]
    ]
    assert upwards == [], "facts must not know who judges them: turn the relation round"
