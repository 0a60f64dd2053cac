"""How we measure: the only reader of the method's files. Released versions are immutable and pinned by SHA-256."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path

from risk import frameworks
from risk.frameworks.reading import Findings, MethodError, Problem, folder_bytes, read_yaml
from risk.method import in_force
from risk.method.build import build_method
from risk.method.schema import CheckSchema, ClassificationSchema, ReleasesSchema
from risk.scoring.method import Method

__all__ = [
    "MethodError",
    "Problem",
    "candidate",
    "check_cases",
    "load_method",
    "newest",
    "read_method",
    "released_texts",
    "releases",
]

FOLDER = Path(__file__).parent
RELEASES = "releases.yaml"


@cache
def releases() -> dict[str, tuple[date, dict[str, str]]]:
    """Version → (released on, file → SHA-256), oldest first. Raises MethodError."""
    findings = Findings()
    schema = read_yaml((FOLDER / RELEASES).read_bytes(), f"method/{RELEASES}", ReleasesSchema, findings)
    findings.raise_if_any()
    assert schema is not None  # no findings means that it was read
    found = {version: (one.released, one.files) for version, one in schema.releases.items()}
    return dict(sorted(found.items(), key=lambda item: (item[1][0], item[0])))


def newest() -> str:
    """The newest released version: for commands that know no database."""
    return list(releases())[-1]


def load_method(version: str | None = None, *, fresh: bool = False) -> Method:
    """The method of `version`, or the one in force, as it is this moment where it has to be `fresh`.

    Built once a process; raises MethodError with every problem. A released file that changed is refused: stored scores
    name the method by its digest, and must stay replayable.
    """
    known = releases()
    version = version or in_force.version(newest(), fresh=fresh)
    if version not in known:
        mend = f"name one of {', '.join(known)}"
        raise MethodError([Problem(f"method/{RELEASES}", version, "is no released version", mend)])
    return _load(version)


@cache
def _load(version: str) -> Method:
    released, pinned = releases()[version]
    texts = released_texts(version)
    findings = Findings()
    _check_pins(texts, pinned, findings)
    findings.raise_if_any()
    return read_method(texts, version, released)


def released_texts(version: str) -> dict[str, bytes]:
    """File → content of one version: `method/…` and `frameworks/…`."""
    own = {f"method/{name}": text for name, text in folder_bytes(FOLDER / version).items()}
    return own | frameworks.released_bytes(version)


def candidate(folder: Path, day: date) -> Method:
    """The method in a folder: its YAML files, those of `frameworks/` in it, and what it lacks from the newest release.

    Its version is the folder's name. Raises MethodError with all problems at once.
    """
    own = {f"method/{name}": text for name, text in folder_bytes(folder).items()}
    own |= {f"frameworks/{name}": text for name, text in folder_bytes(folder / "frameworks").items()}
    return read_method({**released_texts(newest()), **own}, folder.resolve().name, day)


def read_method(texts: Mapping[str, bytes], version: str, released: date) -> Method:
    """The method that these files describe, checked as a whole. Raises MethodError with all problems at once."""
    findings = Findings()
    method = build_method(texts, version, released, digest_of(texts), findings)
    findings.raise_if_any()
    assert method is not None  # no findings means that it was built
    return method


def digest_of(texts: Mapping[str, bytes]) -> str:
    """SHA-256 over the names and SHA-256 of all files, in the order of the names."""
    lines = "".join(f"{file} {sha256(texts[file]).hexdigest()}\n" for file in sorted(texts))
    return sha256(lines.encode()).hexdigest()


def check_cases(version: str | None = None) -> list[CheckSchema]:
    """The worked cases that travel with the decision table of a version. Raises MethodError."""
    file = "method/classification.yaml"
    findings = Findings()
    text = released_texts(version or newest())[file]
    schema = read_yaml(text, file, ClassificationSchema, findings)
    findings.raise_if_any()
    return [] if schema is None else schema.tests


def _check_pins(texts: Mapping[str, bytes], pinned: Mapping[str, str], findings: Findings) -> None:
    for file, expected in pinned.items():
        if file not in texts:
            findings.add(file, "", "is pinned but missing", "restore it from version control")
        elif sha256(texts[file]).hexdigest() != expected:
            mend = "restore it, and put the change into a new version with its own folder"
            findings.add(file, "", "differs from what was released", mend)
    for file in texts:
        if file not in pinned:
            findings.add(file, "", "is not pinned", f"add its SHA-256 to method/{RELEASES}, or remove it")
