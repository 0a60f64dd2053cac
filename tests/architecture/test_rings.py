"""What beat and the doorbell ring by name is a task that workers know, and takes what it is rung with.

Names are texts: a task renamed would be rung in vain, and nothing but a page that stays as it was would tell.
"""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from governance.celery import app
from tests.architecture.project import PROJECT, STOREYS, files

app.loader.import_default_modules()


def rings() -> Iterator[tuple[str, int, ast.Call]]:
    """Every call of `doorbell.ring`: its module, line and itself."""
    for path in files("*.py", *STOREYS):
        text = path.read_text()
        if "doorbell" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("doorbell.ring", "ring"):
                yield module_of(path), node.lineno, node


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


def named(module: str, node: ast.expr) -> Any:
    """What the module calls by this name: a text, or a constant of its own or of a module it imports."""
    found: Any = import_module(module)
    if isinstance(node, ast.Constant):
        return node.value
    for part in ast.unparse(node).split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize(("module", "line", "call"), [pytest.param(*one, id=f"{one[0]}:{one[1]}") for one in rings()])
def test_what_is_rung_is_a_task_that_takes_it(module: str, line: int, call: ast.Call) -> None:
    name = named(module, call.args[0])
    assert name in app.tasks, f"{module}:{line} rings {name}, which no worker knows."
    inspect.signature(app.tasks[name].run).bind(*call.args[1:])


@pytest.mark.parametrize("entry", settings.CELERY_BEAT_SCHEDULE.values(), ids=lambda entry: entry["task"])
def test_what_beat_rings_is_a_task_that_takes_it(entry: dict[str, Any]) -> None:
    assert entry["task"] in app.tasks
    inspect.signature(app.tasks[entry["task"]].run).bind(*entry.get("args", ()), **entry.get("kwargs", {}))


def test_the_bell_is_rung() -> None:
    assert len(list(rings())) > 15
