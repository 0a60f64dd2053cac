"""Reading YAML that people write: strict, and all errors at once, each with file, place and mend."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

Schema = TypeVar("Schema", bound=BaseModel)


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file of the method. `path` leads to it, as in `controls[GV-01].tier`."""

    file: str
    path: str
    message: str
    mend: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.path}" if self.path else self.file
        return f"{place}: {self.message}. Mend: {self.mend}"


class MethodError(Exception):
    """The method cannot be used; `problems` holds everything that was found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"The method has {count} problem{'' if count == 1 else 's'}:"
        super().__init__("\n".join([head, *(f"  {p}" for p in self.problems)]))


@dataclass
class Findings:
    """Collects problems while reading goes on, so that a person mends everything in one go."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, file: str, path: str, message: str, mend: str) -> None:
        self.problems.append(Problem(file, path, message, mend))

    def raise_if_any(self) -> None:
        """Raises MethodError where anything was found."""
        if self.problems:
            raise MethodError(self.problems)


class StrictModel(BaseModel):
    """A mapping in a file: unknown keys are refused, values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def read_yaml(text: bytes, file: str, schema: type[Schema], findings: Findings) -> Schema | None:
    """The file as `schema`, or None; everything wrong in it is added to `findings`.

    Where only values are out of range or keys are superfluous, what is returned has them put right: nobody judges with
    it, since `findings` refuses it, but what lies between this file and the others is told in the same go.
    """
    before = len(findings.problems)
    try:
        raw = _load(text, file, findings)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        findings.add(file, place, error.problem or "not YAML", "correct the YAML at this place")
        return None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        findings.add(file, "", f"not readable as YAML ({error})", "save it as plain UTF-8 YAML")
        return None
    if len(findings.problems) > before:
        return None
    try:
        return schema.model_validate(raw)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            findings.add(file, _place(fault["loc"], raw), fault["msg"], _mend(fault))
        return _put_right(raw, error, schema)


def _put_right(raw: Any, error: ValidationError, schema: type[Schema]) -> Schema | None:
    """The file with each value out of range at its bound and without keys nobody knows; None where more is wrong."""
    for fault in error.errors(include_url=False):
        here = raw
        try:
            *way, last = fault["loc"]
            for step in way:
                here = here[step]
            if fault["type"] == "extra_forbidden":
                del here[last]
            else:
                here[last] = _nearest(fault["type"], fault.get("ctx", {}))
        except (KeyError, IndexError, TypeError, ValueError):  # a fault of another kind, of a key or the whole file
            return None
    try:
        return schema.model_validate(raw)
    except ValidationError:
        return None


def _nearest(kind: str, bounds: dict[str, Any]) -> Any:
    """A value within the bound. Raises KeyError for what is no matter of a bound."""
    key, beyond = {
        "less_than_equal": ("le", 0),
        "greater_than_equal": ("ge", 0),
        "less_than": ("lt", -1),
        "greater_than": ("gt", 1),
    }[kind]
    return bounds[key] + beyond


def _load(text: bytes, file: str, findings: Findings) -> Any:
    """The plain values of a YAML text. Of a key that stands twice YAML would keep the last: each one is a finding."""
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        for key in _repeated(node):
            place = f"line {key.start_mark.line + 1}, column {key.start_mark.column + 1}"
            findings.add(file, place, f"the key {key.value!r} stands twice", "keep one of the two")
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _repeated(root: yaml.Node | None) -> Iterator[yaml.Node]:
    """Every key that stands twice in its mapping, in the order of the text."""
    waiting, met = [root], set()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in met:  # an alias leads to a node that was looked at, or round in a circle
            continue
        met.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys = set()
            for key, _ in node.value:
                if (key.tag, str(key.value)) in keys:
                    yield key
                keys.add((key.tag, str(key.value)))
            waiting += [value for pair in reversed(node.value) for value in reversed(pair)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)


def _place(location: tuple[int | str, ...], raw: Any) -> str:
    """The place in a reader's terms: a list item is named by its id where it has one."""
    parts: list[str] = []
    here = raw
    for step in location:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        if isinstance(step, int):
            name = here.get("id", step) if isinstance(here, dict) else step
            parts[-1:] = [f"{parts[-1] if parts else ''}[{name}]"]
        else:
            parts.append(str(step))
    return ".".join(parts)


def _mend(fault: Any) -> str:
    kind, value = fault["type"], fault.get("input")
    if kind == "extra_forbidden":
        return "remove this key, or correct its spelling"
    if kind == "missing":
        return "add this key"
    return f"correct the value {str(value)[:60]!r}"


def duplicates(ids: Iterable[str]) -> list[str]:
    """The ids that stand more than once, each once, in order."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for one in ids:
        if one in seen:
            twice[one] = None
        seen.add(one)
    return list(twice)


def folder_bytes(folder: Path) -> dict[str, bytes]:
    """File name → content of every YAML file in the folder, sorted by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.yaml"))}
