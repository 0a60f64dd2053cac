"""Nothing grows beyond what one reads in one go: aim at 40 lines a function and 300 a file; the limits are here."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.project import PROJECT, files, name, python_files

LONGEST_FUNCTION, LONGEST_FILE = 60, 400


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_functions_are_short() -> None:
    long = [
        f"{name(path)}: {function} has {lines} lines"
        for path in python_files()
        for function, lines in _functions(path)
        if lines > LONGEST_FUNCTION
    ]
    assert long == [], "give the steps of a long function names of their own"


def test_files_are_short() -> None:
    own = [path for path in files("*", "static", "templates") if "vendor" not in path.parts]
    texts = [path for path in own if path.suffix in {".css", ".js", ".html"}]
    long = [
        f"{name(path)} has {lines} lines"
        for path in [*python_files(), *texts, PROJECT / "Makefile"]
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]
    assert long == [], "make a long file a folder of the same name, one file a topic"
