"""What others wrote is in `static/vendor/` byte by byte as the manifest says, each with its licence."""

import hashlib
import tomllib

import pytest

from tests.architecture.project import PROJECT

VENDOR = PROJECT / "static" / "vendor"
PACKAGES = tomllib.loads((VENDOR / "MANIFEST.toml").read_text(encoding="utf-8"))["package"]
FILES = {file["path"]: file["sha256"] for package in PACKAGES for file in package["file"]}


@pytest.mark.parametrize("path", sorted(FILES))
def test_a_vendored_file_is_what_its_manifest_says(path: str) -> None:
    assert hashlib.sha256((VENDOR / path).read_bytes()).hexdigest() == FILES[path], "run `make vendor`"


def test_nothing_is_vendored_without_an_entry() -> None:
    there = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    assert there == {*FILES, "MANIFEST.toml"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_a_vendored_package_names_its_licence_and_source(package: dict) -> None:
    assert {"name", "version", "licence", "copyright", "source", "integrity"} <= package.keys()
    assert package["name"] in (PROJECT / "NOTICE").read_text(encoding="utf-8")
