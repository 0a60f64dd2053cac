"""Documents hold for every reader: no path of one machine, no link into nowhere."""

import re
from pathlib import Path

import pytest

from tests.architecture.project import PROJECT, files, name

DOCUMENTS = [*sorted(PROJECT.glob("*.md")), *files("*.md", "docs")]
LOCAL_PATH = re.compile(r"(?<![\w.])(?:/home/\w|/root\b|/Users/\w|[A-Z]:\\)[^\s`)]*")
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_a_document_names_no_path_of_one_machine(path: Path) -> None:
    assert LOCAL_PATH.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_a_document_links_to_what_is_there(path: Path) -> None:
    links = LINK.findall(path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_code_names_no_path_of_one_machine() -> None:
    own = Path(__file__).name
    found = {
        name(path): LOCAL_PATH.findall(path.read_text(encoding="utf-8"))
        for path in [*files("*.py"), *files("*.html", "templates"), PROJECT / "Makefile", PROJECT / ".ci" / "run"]
        if path.name != own
    }
    assert {path: paths for path, paths in found.items() if paths} == {}
