"""`deploy/make-secrets` makes secrets that the settings accept, once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from meshes import secrets_at_start
from meshes.environment import Environment, SecretFiles

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("secret_key", "credential_keys", "postgres_password", "database_url")


@pytest.fixture
def make(tmp_path):
    """A function that runs the script in a folder of its own and says what it printed."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "make-secrets", tmp_path / "deploy")

    def run() -> str:
        command = [str(tmp_path / "deploy" / "make-secrets")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return run


def test_the_settings_accept_what_it_makes(make, tmp_path):
    make()

    env = Environment()
    files = {
        f"{name.upper()}_FILE": str(tmp_path / "secrets" / name)
        for name in ("secret_key", "credential_keys", "database_url")
    }
    env.ENVIRON = SecretFiles(files)
    secret, keys = secrets_at_start.read(env, debug=False, folder=tmp_path / "var")
    password = (tmp_path / "secrets" / "postgres_password").read_text()
    database = env.db_url("DATABASE_URL")
    assert len(secret) == 64
    assert len(keys) == 1
    assert (database["USER"], database["PASSWORD"]) == ("meshes", password)
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db", 5432, "meshes")
    assert len(password) == 40


def test_only_the_owner_enters_the_folder_and_any_container_reads_the_files(make, tmp_path):
    make()

    folder = tmp_path / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == dict.fromkeys(
        NAMES, 0o444
    )


def test_secrets_that_are_there_are_never_replaced(make, tmp_path):
    make()
    before = {name: (tmp_path / "secrets" / name).read_text() for name in NAMES}

    said = make()

    assert said.splitlines() == [f"secrets/{name} is there already and stays." for name in NAMES]
    assert {name: (tmp_path / "secrets" / name).read_text() for name in NAMES} == before


def test_it_prints_no_secret(make, tmp_path):
    said = make()

    for name in NAMES:
        assert (tmp_path / "secrets" / name).read_text() not in said


def test_two_installations_have_nothing_in_common(make, tmp_path):
    make()
    first = {name: (tmp_path / "secrets" / name).read_text() for name in NAMES}
    shutil.rmtree(tmp_path / "secrets")
    make()

    for name in NAMES:
        assert (tmp_path / "secrets" / name).read_text() != first[name]
