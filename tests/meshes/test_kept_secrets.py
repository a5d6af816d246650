"""A secret that a file keeps is whole, whoever reads it and when."""

from __future__ import annotations

from itertools import count

from meshes.kept_secrets import kept
from tests.threads import at_once


def test_processes_that_start_together_keep_one_secret(tmp_path):
    numbers = count(1)

    read = at_once(8, lambda: kept(tmp_path / "var" / "secret", f"{next(numbers)}" * 50))

    assert len(set(read)) == 1
    assert len(read[0]) == 50
    assert [file.name for file in (tmp_path / "var").iterdir()] == ["secret"]
    assert (tmp_path / "var" / "secret").stat().st_mode & 0o777 == 0o600


def test_a_kept_secret_is_not_made_again(tmp_path):
    assert kept(tmp_path / "secret", "first") == "first"
    assert kept(tmp_path / "secret", "second") == "first"
