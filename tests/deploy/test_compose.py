"""The services of compose.yaml are closed, watched, started in order and ended in order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from meshes import supervisor
from tests.meshes.test_settings import names_read

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("migrate", "web", "worker")
EACH = pytest.mark.parametrize("name", sorted(SERVICES))
ELSEWHERE = {"PORT", "WEB_PORT"}
"""Names that only gunicorn or compose.yaml itself know."""


def seconds(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(s|m)", text).groups()
    return int(number) * (60 if unit == "m" else 1)


@EACH
def test_a_service_is_not_root_and_changes_no_file_of_its_image(name):
    service = SERVICES[name]

    assert service["user"] not in ("root", "0", "0:0")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@EACH
def test_a_service_is_watched_unless_it_ends_by_itself(name):
    check = SERVICES[name]["healthcheck"]

    if name == "migrate":
        assert check == {"disable": True}
        assert SERVICES[name]["restart"] == "no"
    else:
        assert check["test"][0] == "CMD"
        assert SERVICES[name]["restart"] == "unless-stopped"


@EACH
def test_an_image_from_elsewhere_is_pinned_to_a_release(name):
    image = SERVICES[name]["image"]

    assert image == "meshes:local" or re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?-bookworm", image)


def test_the_database_is_migrated_once_before_anything_else_starts():
    assert SERVICES["migrate"]["command"] == ["python", "manage.py", "migrate", "--noinput"]
    for name in ("web", "worker"):
        waits = SERVICES[name]["depends_on"]
        assert waits["migrate"] == {"condition": "service_completed_successfully"}
        assert waits["db"] == {"condition": "service_healthy"}
        assert waits["redis"] == {"condition": "service_healthy"}


def test_every_service_has_the_time_that_it_needs_to_end():
    grace = {name: seconds(SERVICES[name]["stop_grace_period"]) for name in ("web", "worker")}

    assert grace["worker"] > supervisor.DRAIN_S + 15
    assert grace["web"] > 30
    assert SERVICES["web"]["stop_signal"] == SERVICES["worker"]["stop_signal"] == "SIGTERM"
    assert SERVICES["db"]["stop_signal"] == "SIGINT"


@pytest.mark.parametrize("name", OURS)
def test_secrets_come_from_files_and_stand_nowhere_else(name):
    given = SERVICES[name]["environment"]
    mounted = set(SERVICES[name]["secrets"])

    files = {key: value for key, value in given.items() if key.endswith("_FILE")}
    assert {value.removeprefix("/run/secrets/") for value in files.values()} == mounted
    assert mounted <= set(COMPOSE["secrets"])
    assert not {"SECRET_KEY", "CREDENTIAL_KEYS", "DATABASE_URL"} & set(given)


@pytest.mark.parametrize("name", OURS)
def test_every_variable_that_is_set_is_one_that_the_programs_read(name):
    set_here = {key.removesuffix("_FILE") for key in SERVICES[name]["environment"]}

    assert set_here <= names_read()


def test_every_variable_that_the_file_asks_for_is_known():
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))

    assert asked <= names_read() | ELSEWHERE


def test_only_the_web_server_is_reached_from_outside_and_only_from_this_machine():
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert ports == {"web": ["127.0.0.1:${WEB_PORT:-8000}:8000"]}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("db", "redis", "migrate"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_the_database_allows_as_many_connections_as_the_programs_open(settings):
    allowed = int(SERVICES["db"]["command"][2].removeprefix("max_connections="))
    web = 2 * 4
    worker = settings.WORKER_PROCESSES + settings.WORKER_SENDERS * 5 // 3 + 3

    assert web + 2 * worker < allowed
