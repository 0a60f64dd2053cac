"""Register files for tests."""

import io
from typing import Any

from inventory.models import User
from inventory.services.register_import import COLUMNS, ImportResult, import_register

HEADER = ",".join(COLUMNS)


def load(text: str | bytes, actor: User | None = None, **options: Any) -> ImportResult:
    data = text.encode() if isinstance(text, str) else text
    return import_register(io.BytesIO(data), actor=actor, file_name="register.csv", **options)


def told(result: ImportResult) -> list[tuple[int, str]]:
    return [(problem.line, problem.column) for problem in result.problems]


def rows(*lines: str, header: str = "name,purpose,kind,department") -> str:
    return "\n".join([header, *lines]) + "\n"
