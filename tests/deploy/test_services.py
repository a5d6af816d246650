"""The systemd units and the Procfile run what is there and end it as it can follow."""

from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands

from meshes import supervisor

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
EACH_UNIT = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
INSTALLED = "/opt/meshes"


def service(unit: Path) -> configparser.SectionProxy:
    """The section of a unit that says how it is run."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(unit)
    return parser["Service"]


def procfile() -> dict[str, list[str]]:
    """The command of each process by its name."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: shlex.split(line) for name, _, line in (each.partition(": ") for each in lines)}


@EACH_UNIT
def test_a_service_signals_its_main_process_alone_and_starts_again(unit):
    given = service(unit)

    assert (given["KillMode"], given["KillSignal"]) == ("mixed", "SIGTERM")
    assert given["Restart"] == "always"


def test_the_worker_has_time_to_finish_before_it_is_killed():
    [unit] = [unit for unit in UNITS if "worker" in unit.name]

    assert int(service(unit)["TimeoutStopSec"]) > supervisor.DRAIN_S + 15


@EACH_UNIT
def test_a_service_may_change_nothing_but_its_own_folder(unit):
    given = service(unit)

    assert given["User"] == "meshes"
    assert given["ProtectSystem"] == "strict"
    assert given["ReadWritePaths"] == f"-{INSTALLED}/var"
    assert given["CapabilityBoundingSet"] == ""
    assert given["NoNewPrivileges"] == "true"


@EACH_UNIT
def test_a_service_and_commands_typed_by_hand_read_the_same_file(unit):
    assert service(unit)["EnvironmentFile"] == f"{INSTALLED}/.env"


@EACH_UNIT
def test_systemd_understands_every_line(unit, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    (tmp_path / ".env").touch()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("gunicorn", "python"):
        (tmp_path / ".venv" / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / ".venv" / "bin" / name).chmod(0o755)
    copy = tmp_path / unit.name
    copy.write_text(
        unit.read_text().replace(INSTALLED, str(tmp_path)).replace("User=meshes", "User=root")
    )

    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(copy)]
    ended = subprocess.run(command, capture_output=True, text=True)

    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_procfile_runs_what_the_services_run():
    starts = {}
    for unit in UNITS:
        command = service(unit)["ExecStart"].replace(f"{INSTALLED}/.venv/bin/", "")
        name = "worker" if "worker" in unit.name else "web"
        starts[name] = shlex.split(command.replace(" --bind 127.0.0.1:8000", ""))

    assert procfile() == starts
    assert "worker" in get_commands()
