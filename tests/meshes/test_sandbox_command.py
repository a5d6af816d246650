"""`manage.py sandbox` says where it is, stops when told, and refuses in one sentence."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

from connections.destinations.activecampaign.sandbox import SandboxServer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def started():
    """The running command and what it printed."""
    command = [sys.executable, "manage.py", "sandbox", "--port", "0", "--key", "k", "--tags", "3"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process, [process.stdout.readline().strip() for _ in range(5)]
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_where_it_is_and_stops_cleanly(started, number):
    process, lines = started
    address = lines[1].removeprefix("API address").strip()

    tags = requests.get(f"{address}/api/3/tags", headers={"Api-Token": "k"}, timeout=5).json()
    process.send_signal(number)

    assert lines[2] == "API key      k"
    assert lines[3] == f"Live page    {address}/"
    assert tags["meta"]["total"] == "8"
    assert process.wait(timeout=10) == 0


def test_a_taken_port_is_one_sentence_that_says_what_to_do():
    with (
        SandboxServer() as server,
        pytest.raises(CommandError, match="Stop the program that uses the port, or choose"),
    ):
        call_command("sandbox", port=server.port)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "99999"], "--port must be from 0 to 65535."),
        (["--rate", "-1"], "rate_per_second must be a number of at least 0.01."),
        (["--latency", "-1"], "latency_s must be a number of at least 0."),
        (["--key", ""], "The key must be printable ASCII text, not empty."),
        (["--fault", "nonsense"], "There is no fault named nonsense."),
        (["--fault", "rate_limit=3"], "--fault rate_limit needs a JSON object"),
    ],
)
def test_a_bad_option_is_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("sandbox", *arguments)
