"""The container shape: no secret in it, nobody is root, one port on this machine."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.project import PROJECT

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = ("migrate", "web", "worker", "beat")


def test_it_has_every_part_each_with_a_health_check() -> None:
    assert set(SERVICES) == {*OWN, "postgres", "valkey"}
    assert all("healthcheck" in service for name, service in SERVICES.items() if name != "migrate")


def test_secrets_come_from_files_and_from_nowhere_else() -> None:
    assert all(list(secret) == ["file"] for secret in COMPOSE["secrets"].values())
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"KEY|PASSWORD|TOKEN", variable):
                assert variable.endswith("_FILE"), f"{name}: {variable}"
                assert str(value).startswith("/run/secrets/"), f"{name}: {variable}"
            assert "@" not in str(value) or ":" not in str(value).split("//")[1].split("@")[0], f"{name}: {variable}"


def test_services_can_do_little_and_only_the_web_is_reached() -> None:
    for name in OWN:
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_the_image_runs_as_an_ordinary_user() -> None:
    lines = (PROJECT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    last_stage = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER hub" in last_stage
    assert not any(re.match(r"(ENV|ARG) .*(KEY|PASSWORD|TOKEN)", line) for line in lines)


def test_docker_compose_accepts_it(tmp_path: Path) -> None:
    client = ["docker", "compose"] if _has("docker", "compose") else ["docker-compose"]
    if not _has(*client):
        pytest.skip("needs the client of docker compose")
    shutil.copy(PROJECT / "docker-compose.yml", tmp_path)
    answer = subprocess.run([*client, "config", "--quiet"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def _has(*client: str) -> bool:
    if shutil.which(client[0]) is None:
        return False
    return subprocess.run([*client, "version"], capture_output=True, check=False).returncode == 0
