"""The commands without a database, as a person runs them: in a process of their own, with pipes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.risk.scoring.conftest import golden, labelled_cases

ROOT = Path(__file__).parents[3]


def run(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """`manage.py` with the embedded servers out of reach: a command that asked for them would fail."""
    nowhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    return subprocess.run(
        [sys.executable, "manage.py", *args],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **nowhere},
        check=False,
        timeout=120,
    )


def lines(*values: Any) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def test_score_inputs_reads_a_pipe_and_answers_faults_in_their_place() -> None:
    cases = golden()["applications"]
    fault = {"answers": {"scale": "huge"}}
    text = lines(*(case["input"] for case in cases)) + "\n" + lines(fault) + "not json\n" + lines({})
    done = run("score_inputs", stdin=text)
    assert done.returncode == 1
    assert "2 of 9 lines could not be read" in done.stderr
    out = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(out) == 9
    for case, found in zip(cases, out[:6], strict=True):
        assert found["overall"].pop("band") == case["expect"]["overall"].pop("band")
        assert found["overall"] == pytest.approx(case["expect"]["overall"], abs=0.0051)
        assert set(found["principles"]["fairness"]) == {"low", "high", "point", "inherent"}
    assert out[6] == {"line": 8, "error": out[6]["error"]}
    assert "huge" in out[6]["error"]
    assert out[7]["line"] == 9
    assert out[8]["overall"]["high"] > 90


def test_department_and_file_argument(tmp_path: Path) -> None:
    cases = golden()["departments"]
    file = tmp_path / "departments.jsonl"
    file.write_text("\ufeff" + lines(*(case["input"] for case in cases), []), encoding="utf-8")
    done = run("score_inputs", "--department", str(file))
    assert done.returncode == 0, done.stderr
    out = [json.loads(line) for line in done.stdout.splitlines()]
    for case, found in zip(cases, out[:3], strict=True):
        assert found.pop("band") == case["expect"].pop("band")
        assert found == pytest.approx(case["expect"], abs=0.000051)
    assert out[3]["count"] == 0
    assert out[3]["index"] is None


def test_classify_prints_what_the_cases_expect() -> None:
    cases = labelled_cases()
    done = run("classify", stdin=lines(*(case["answers"] for case in cases), ["no object"], {"no_such": None}))
    assert done.returncode == 1
    out = [json.loads(line) for line in done.stdout.splitlines()]
    assert [found["line"] for found in out[60:]] == [61, 62]
    for case, found in zip(cases, out, strict=False):
        keys = ["class", "possible", "decided_by", "facts", "open_facts", "articles", "from"]
        assert list(found) == keys
        assert found["class"] == case["expect"]["class"]
        if "from" in case["expect"]:
            assert found["from"] == case["expect"]["from"].isoformat()


def test_wrong_use_is_exit_two_and_a_missing_file_is_one() -> None:
    assert run("classify", "--bogus").returncode == 2
    with pytest.raises(CommandError, match="No such file"):
        call_command("score_inputs", "/nowhere/at/all.jsonl")


def test_check_method_ends_in_one_json_line() -> None:
    done = run("check_method")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["method"], found["controls"], found["cases"]) == ("2026.1", 80, 12)


def test_check_method_names_an_unknown_version() -> None:
    with pytest.raises(CommandError, match=r"no method '1999.1'"):
        call_command("check_method", "1999.1")


def test_the_page_about_the_method_is_current() -> None:
    call_command("describe_method", "--check")


def test_an_old_page_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "method.md"
    page.write_text("old", encoding="utf-8")
    with pytest.raises(CommandError, match="not current"):
        call_command("describe_method", "--check", "--out", str(page))
    call_command("describe_method", "--out", str(page))
    call_command("describe_method", "--check", "--out", str(page))
