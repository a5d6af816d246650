"""The service files ask for the end in the way that the programs can follow."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from meshes import supervisor

UNITS = sorted((Path(__file__).resolve().parents[2] / "deploy/systemd").glob("*.service"))


def service(unit: Path) -> configparser.SectionProxy:
    """The section of a unit that says how it is run."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(unit)
    return parser["Service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_service_signals_its_main_process_alone_and_starts_again(unit):
    given = service(unit)

    assert (given["KillMode"], given["KillSignal"]) == ("mixed", "SIGTERM")
    assert given["Restart"] == "always"


def test_the_worker_has_time_to_finish_before_it_is_killed():
    [unit] = [unit for unit in UNITS if "worker" in unit.name]

    assert int(service(unit)["TimeoutStopSec"]) > supervisor.DRAIN_S + 15
