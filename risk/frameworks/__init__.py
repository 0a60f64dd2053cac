"""What we are held to: the only reader of the framework files, in released versions pinned with the method."""

from collections.abc import Mapping
from pathlib import Path

from risk.frameworks.reading import Findings, duplicates, folder_bytes, read_yaml
from risk.frameworks.schema import FrameworkSchema, RequirementSchema, UncoveredSchema
from risk.scoring.expressions import Expression, ExpressionError, parse
from risk.scoring.method import Change, Framework, Requirement

FOLDER = Path(__file__).parent
UNCOVERED = "uncovered.yaml"


def released_bytes(version: str) -> dict[str, bytes]:
    """`frameworks/<file>` → content, of one released version; empty where it does not exist."""
    return {f"frameworks/{name}": text for name, text in folder_bytes(FOLDER / version).items()}


def read_frameworks(texts: Mapping[str, bytes], findings: Findings) -> dict[str, Framework]:
    """Every framework among the files, by id. What is wrong goes to `findings`."""
    found: dict[str, Framework] = {}
    for file, text in texts.items():
        if file.endswith(f"/{UNCOVERED}"):
            continue
        schema = read_yaml(text, file, FrameworkSchema, findings)
        if schema is None:
            continue
        if schema.id != Path(file).stem:
            findings.add(file, "id", f"is {schema.id!r}", "name the file after the framework's id")
        found[schema.id] = _framework(schema, file, findings)
    _check_succession(found, findings)
    return found


def read_uncovered(texts: Mapping[str, bytes], findings: Findings) -> dict[str, str]:
    """Requirement key → why no control of an application can satisfy it."""
    file = f"frameworks/{UNCOVERED}"
    if file not in texts:
        findings.add(file, "", "is missing", "add it, with every requirement that no control satisfies")
        return {}
    schema = read_yaml(texts[file], file, UncoveredSchema, findings)
    return {} if schema is None else dict(schema.uncovered)


def check_uncovered(
    uncovered: Mapping[str, str],
    requirements: Mapping[str, Requirement],
    satisfied_by: Mapping[str, tuple[str, ...]],
    findings: Findings,
) -> None:
    """The list and the mapping must say the same: exactly what no control satisfies, all of it organisation level."""
    file = f"frameworks/{UNCOVERED}"
    for key in uncovered:
        if key not in requirements:
            findings.add(file, key, "is no requirement", "correct the key `framework:requirement`, or remove it")
        elif satisfied_by.get(key):
            by = ", ".join(satisfied_by[key])
            findings.add(file, key, f"is satisfied by {by}", "remove it here, or from `satisfies` of that control")
        elif requirements[key].level != "organisation":
            findings.add(file, key, "is not level: organisation", "let a control satisfy it")
    for key, requirement in requirements.items():
        if not satisfied_by.get(key) and key not in uncovered:
            file_of = f"frameworks/{requirement.framework}.yaml"
            mend = f"name it under `satisfies` of a control, or in {UNCOVERED} with the reason"
            findings.add(file_of, f"requirements[{requirement.id}]", "no control satisfies it", mend)


def _framework(schema: FrameworkSchema, file: str, findings: Findings) -> Framework:
    groups = {g.id: g.title for g in schema.groups}
    for what, ids in (("groups", schema.groups), ("requirements", schema.requirements)):
        for twice in duplicates(one.id for one in ids):
            findings.add(file, f"{what}[{twice}]", "stands twice", "give each its own id")
    for requirement in schema.requirements:
        if requirement.parent not in groups:
            place = f"requirements[{requirement.id}].parent"
            findings.add(file, place, f"no group {requirement.parent!r}", "name one of `groups`")
    return Framework(
        id=schema.id,
        name=schema.name,
        version=schema.version,
        publisher=schema.publisher,
        source_url=schema.source_url,
        licence_note=schema.licence_note,
        citation=schema.citation,
        status=schema.status,
        as_of=schema.as_of,
        binding=schema.binding,
        optional=schema.optional_pack,
        applies_hint=schema.applies_hint,
        replaces=schema.replaces,
        replaced_by=schema.replaced_by,
        groups=groups,
        changes=tuple(Change(c.date, c.certainty, c.note) for c in schema.changes),
        open_questions=tuple(schema.open_questions),
        requirements={r.id: _requirement(schema.id, r, file, findings) for r in schema.requirements},
    )


def _requirement(framework: str, schema: RequirementSchema, file: str, findings: Findings) -> Requirement:
    place = f"requirements[{schema.id}]"
    dated = tuple(
        (parsed(d.condition, file, f"{place}.obligation_from_when", findings), d.from_)
        for d in schema.obligation_from_when
    )
    return Requirement(
        framework=framework,
        id=schema.id,
        title=schema.title,
        text=" ".join(schema.text.split()),
        group=schema.parent,
        kind=schema.kind,
        level=schema.level,
        principles=schema.principles,
        applies_to=parsed(schema.applies_to, file, f"{place}.applies_to", findings),
        obligation_from=schema.obligation_from,
        obligation_from_when=dated,
        date_basis=schema.date_basis,
        notes=schema.notes,
    )


def _check_succession(frameworks: Mapping[str, Framework], findings: Findings) -> None:
    for framework in frameworks.values():
        for name, other in (("replaces", framework.replaces), ("replaced_by", framework.replaced_by)):
            if other and other not in frameworks:
                file = f"frameworks/{framework.id}.yaml"
                findings.add(file, name, f"no framework {other!r}", "name the id of a framework of this release")


def parsed(text: str, file: str, place: str, findings: Findings) -> Expression:
    """The expression; a placeholder after its error went to `findings`, which stops the load at its end."""
    try:
        return parse(text)
    except ExpressionError as error:
        findings.add(file, place, f"{text!r}: {error}", "write it with names, ! & | and parentheses")
        return parse("always")
