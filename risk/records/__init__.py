"""Forms of written records (impact assessment, Art. 27, Art. 6(3)): the only reader of their files, which are pinned.

They stand apart from the method: no score depends on them, so a new form does not make every stored score a stranger.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path

from risk.frameworks.reading import Findings, MethodError, Problem, duplicates, folder_bytes, read_yaml
from risk.method import load_method, newest
from risk.records.schema import FieldSchema, FormReleasesSchema, FormSchema
from risk.scoring.method import Method
from risk.scoring.questionnaire import step_of

__all__ = ["GOALS", "FormSchema", "check_forms", "form", "forms", "newest_release"]

FOLDER = Path(__file__).parent
RELEASES = "releases.yaml"
GOALS = "ms_rai_v2"  # the framework whose requirements are the goals of an impact assessment
REGISTER = ("name", "purpose", "kind", "origin", "vendor", "department")


def newest_release() -> str:
    """The release that new versions of a record are written in."""
    return list(_releases())[-1]


def form(form_id: str, release: str = "") -> FormSchema:
    """The form as it stood in a release (the newest where none is named). Raises MethodError, or KeyError by id."""
    return forms(release or newest_release())[form_id]


@cache
def forms(release: str) -> dict[str, FormSchema]:
    """Every form of a release by id, checked as a whole. Raises MethodError with all problems at once."""
    known = _releases()
    if release not in known:
        raise MethodError([Problem(f"records/{RELEASES}", release, "is no released version", "name a released one")])
    findings = Findings()
    texts = {f"records/{release}/{name}": text for name, text in folder_bytes(FOLDER / release).items()}
    _check_pins(texts, known[release][1], findings)
    found = read_forms(texts, findings, load_method(newest()))
    findings.raise_if_any()
    return found


def check_forms() -> list[Problem]:
    """Everything wrong in any release."""
    found: list[Problem] = []
    try:
        names = list(_releases())
    except MethodError as error:
        return list(error.problems)
    for release in names:
        try:
            forms(release)
        except MethodError as error:
            found += error.problems
    return found


def read_forms(texts: Mapping[str, bytes], findings: Findings, method: Method) -> dict[str, FormSchema]:
    """The forms that these files describe; what is wrong goes to `findings`."""
    found = {}
    for file, text in texts.items():
        one = read_yaml(text, file, FormSchema, findings)
        if one is None:
            continue
        if one.id != Path(file).stem:
            findings.add(file, "id", f"is {one.id!r}", "name the file after the form's id")
        for place, message, mend in _faults(one, method):
            findings.add(file, place, message, mend)
        found[one.id] = one
    return found


@cache
def _releases() -> dict[str, tuple[date, dict[str, str]]]:
    findings = Findings()
    schema = read_yaml((FOLDER / RELEASES).read_bytes(), f"records/{RELEASES}", FormReleasesSchema, findings)
    findings.raise_if_any()
    assert schema is not None  # no findings means that it was read
    found = {version: (one.released, one.files) for version, one in schema.releases.items()}
    return dict(sorted(found.items(), key=lambda item: (item[1][0], item[0])))


def _check_pins(texts: Mapping[str, bytes], pinned: Mapping[str, str], findings: Findings) -> None:
    for file, expected in pinned.items():
        if sha256(texts.get(file, b"")).hexdigest() != expected:
            findings.add(file, "", "differs from what was released", "restore it, and change it in a new release")
    for file in texts:
        if file not in pinned:
            findings.add(file, "", "is not pinned", f"add its SHA-256 to records/{RELEASES}, or remove it")


def _faults(one: FormSchema, method: Method) -> Iterator[tuple[str, str, str]]:
    """(place, what is wrong, mend) of everything that the shape alone can't tell."""
    for twice in duplicates(section.id for section in one.sections):
        yield f"sections[{twice}]", "stands twice", "give each its own id"
    rows = {f.id for section in one.sections for f in section.fields if f.type == "rows" and not section.per}
    for section in one.sections:
        place = f"sections[{section.id}]"
        if section.per and section.per not in rows:
            yield f"{place}.per", f"no rows {section.per!r}", "name a field of type rows of another section"
        for twice in duplicates(f.id for other in one.sections if other.per == section.per for f in other.fields):
            if any(f.id == twice for f in section.fields):
                yield f"{place}.fields[{twice}]", "stands twice", "give each its own id"
        for field in section.fields:
            yield from _field_faults(field, f"{place}.fields[{field.id}]")
    for key, change in one.due_again.items():
        for name in change.from_register:
            if name not in REGISTER:
                yield f"due_again.{key}.from_register", f"no field {name!r}", f"use one of: {', '.join(REGISTER)}"
        for name in change.from_answers:
            if step_of(name, method) is None:
                yield f"due_again.{key}.from_answers", f"no question {name!r}", "correct the name"
    for refusal in one.refused_if:
        if refusal.question not in method.questions:
            yield "refused_if", f"no question {refusal.question!r}", "correct the name"


def _field_faults(field: FieldSchema, place: str) -> Iterator[tuple[str, str, str]]:
    if (field.type in ("choice", "multi")) != bool(field.options):
        yield place, f"{field.type} and its options do not fit", "give options to choice and multi only"
    if (field.type == "rows") != bool(field.columns):
        yield place, f"{field.type} and its columns do not fit", "give columns to rows only"
    if field.trigger and field.type not in ("yes_no", "multi"):
        yield f"{place}.trigger", f"a {field.type} can't trigger", "use yes_no or multi"
    for twice in duplicates(column.id for column in field.columns):
        yield f"{place}.columns[{twice}]", "stands twice", "give each its own id"
    for column in field.columns:
        if (column.type == "choice") != bool(column.options) or (column.type == "codes") != bool(column.of):
            yield (
                f"{place}.columns[{column.id}]",
                "type, options and `of` do not fit",
                "options for choice, of for codes",
            )
