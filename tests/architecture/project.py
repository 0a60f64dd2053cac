"""The project's own files, as the architecture tests walk them."""

from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
STOREYS = ("inventory", "risk", "governance")  # from the ground up
CODE = (*STOREYS, "tests", "scripts")


def files(pattern: str, *folders: str) -> list[Path]:
    """The files of these folders (all of the code, where none is given) that fit the pattern."""
    found = [path for folder in folders or CODE for path in (PROJECT / folder).rglob(pattern)]
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def python_files() -> Iterator[Path]:
    """Every Python file that a person wrote: migrations are written by Django."""
    yield PROJECT / "manage.py"
    yield from (path for path in files("*.py") if "migrations" not in path.parts)


def name(path: Path) -> str:
    """The path as people write it: from the project's root."""
    return str(path.relative_to(PROJECT))
