"""`manage.py import_register`."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inventory.models import AIApplication
from tests.cast import Cast
from tests.inventory.register.files import rows


def run(path: Path, *options: str, capsys: pytest.CaptureFixture) -> tuple[int, dict, str]:
    code = 0
    try:
        call_command("import_register", str(path), *options)
    except CommandError as error:
        code = error.returncode
    out, err = capsys.readouterr()
    return code, json.loads(out.splitlines()[-1]) if out else {}, err


def test_the_command_imports(cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = tmp_path / "register.csv"
    file.write_text(rows("A,p,agent,retail"))
    dry = run(file, "--dry-run", capsys=capsys)
    assert dry[:2] == (0, {"rows": 1, "created": 1, "updated": 0, "unchanged": 0, "errors": 0})
    assert not AIApplication.objects.exists()
    assert run(file, capsys=capsys)[1]["created"] == 1
    assert run(file, capsys=capsys)[1]["unchanged"] == 1


def test_the_command_tells_problems_on_stderr(cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = tmp_path / "register.csv"
    file.write_text(rows("A,p,robot,retail", "B,p,agent,nowhere"))
    code, summary, err = run(file, capsys=capsys)
    assert (code, summary["errors"]) == (1, 2)
    assert "line 2, column kind: “robot” is not known. Write one of: application, copilot" in err
    assert "line 3, column department:" in err


def test_the_command_without_a_file_is_wrong_use(cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert run(tmp_path / "none.csv", capsys=capsys)[0] == 2
    assert run(tmp_path, capsys=capsys)[0] == 2
