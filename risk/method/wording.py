"""Help for the questions, beside the released method: no score and no class hangs on it, so it may change any day."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import RootModel

from risk.frameworks.reading import Findings, read_yaml
from risk.frameworks.schema import Text

FILE = Path(__file__).parent / "help.yaml"


class HelpSchema(RootModel[dict[str, Text]]):
    """Question → help."""


@cache
def help_texts() -> Mapping[str, str]:
    """Question → what helps to answer it, where the method itself gives no help. Raises MethodError."""
    findings = Findings()
    schema = read_yaml(FILE.read_bytes(), "method/help.yaml", HelpSchema, findings)
    findings.raise_if_any()
    assert schema is not None  # no findings means that it was read
    return schema.root
