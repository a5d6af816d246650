"""The demonstration refuses what cannot work, in words; its story is told in journeys."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from meshes.demo import environment
from meshes.demo.environment import AnotherRuns, alone


def test_a_second_demonstration_waits_for_the_end_of_the_first(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(environment, "FOLDER", tmp_path)

    with alone(), pytest.raises(AnotherRuns, match="Stop it with Ctrl-C"), alone():
        pass
    with alone():
        pass


@pytest.mark.parametrize("port", ["0", "-1", "65535", "70000", "web"])
def test_a_port_that_cannot_be_is_refused_before_anything_starts(port: str) -> None:
    with pytest.raises(CommandError, match="choose a number from 1 to 65534"):
        call_command("demo", f"--port={port}")
