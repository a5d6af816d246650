"""Settings are complete, described, and refuse or point out what would do harm."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import environ
import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from meshes import secrets_at_start
from meshes.checks import settings_make_sense
from tests import settings as test_settings

ROOT = Path(__file__).resolve().parents[2]
FERNET = Fernet.generate_key().decode()
SECRET = "".join(chr(97 + number % 26) for number in range(50))
ELSEWHERE = {"ENV_FILE"}
GUNICORN = [sys.executable, "-m", "gunicorn", "--check-config", "meshes.wsgi"]
MANAGE = [sys.executable, "manage.py", "check"]
STARTS = pytest.mark.parametrize("command", [MANAGE, GUNICORN], ids=["manage", "gunicorn"])


def names_read() -> set[str]:
    """The first argument of every `env.something(...)` in the settings."""
    found = set()
    for file in ("settings.py", "secrets_at_start.py", "sign_in_settings.py"):
        for node in ast.walk(ast.parse((ROOT / "meshes" / file).read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                if isinstance(owner, ast.Name) and owner.id == "env":
                    found.add(ast.literal_eval(node.args[0]))
    return found


def started(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """The program after it ended, started with nothing but this environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    given = {"ENV_FILE": os.devnull, "DATABASE_URL": os.environ["DATABASE_URL"], **environment}
    return subprocess.run(
        command, cwd=ROOT, env={**kept, **given}, capture_output=True, text=True, timeout=60
    )


def environment(**given: str) -> environ.Env:
    """An environment that holds nothing else."""
    env = environ.FileAwareEnv()
    env.ENVIRON = given
    return env


def test_the_example_names_every_variable_that_is_read() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {match[1] for line in lines if (match := re.match(r"#?([A-Z_]+)=", line))}

    assert named == names_read() - ELSEWHERE


def test_the_suite_forgets_every_variable_that_is_read() -> None:
    kept = {*test_settings.FORGOTTEN, "DEBUG", "SECRET_KEY", "CREDENTIAL_KEYS", "DATABASE_URL"}

    assert names_read() - ELSEWHERE <= kept


def test_the_settings_stay_on_one_page() -> None:
    assert len((ROOT / "meshes" / "settings.py").read_text().splitlines()) < 200


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"CREDENTIAL_KEYS": FERNET}, "SECRET_KEY is not set."),
        ({"CREDENTIAL_KEYS": FERNET, "SECRET_KEY": "short"}, "SECRET_KEY is too weak"),
        ({"CREDENTIAL_KEYS": FERNET, "SECRET_KEY": "a" * 50}, "SECRET_KEY is too weak"),
        ({"CREDENTIAL_KEYS": FERNET, "SECRET_KEY": f"insecure-{SECRET}"}, "SECRET_KEY is too weak"),
        ({"SECRET_KEY": SECRET}, "CREDENTIAL_KEYS is not set."),
        ({"SECRET_KEY": SECRET, "CREDENTIAL_KEYS": "canary"}, "number 1 in CREDENTIAL_KEYS is not"),
        ({"SECRET_KEY": FERNET, "CREDENTIAL_KEYS": FERNET}, "must differ from SECRET_KEY"),
    ],
    ids=["no-secret", "short", "plain", "insecure", "no-keys", "bad-keys", "the-same"],
)
def test_bad_secrets_are_refused_with_the_next_step(given, said, tmp_path) -> None:
    with pytest.raises(ImproperlyConfigured, match=said) as refused:
        secrets_at_start.read(environment(**given), debug=False, folder=tmp_path)

    assert "canary" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@STARTS
def test_nothing_starts_without_secrets(command) -> None:
    ended = started(command, CREDENTIAL_KEYS=FERNET)

    lines = [line for line in ended.stderr.splitlines() if line.startswith("Meshes cannot start")]
    assert ended.returncode != 0
    assert len(lines) == 1
    assert "SECRET_KEY is not set. Make one with: " in lines[0]
    assert "Traceback" not in ended.stderr


@STARTS
def test_secrets_may_come_from_files(command, tmp_path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "keys").write_text(FERNET)

    ended = started(
        command,
        SECRET_KEY_FILE=str(tmp_path / "secret"),
        CREDENTIAL_KEYS_FILE=str(tmp_path / "keys"),
    )

    assert ended.returncode == 0, ended.stderr


def test_a_machine_of_your_own_gets_secrets_made_for_it(tmp_path) -> None:
    made = secrets_at_start.read(environment(), debug=True, folder=tmp_path / "var")
    again = secrets_at_start.read(environment(), debug=True, folder=tmp_path / "var")

    assert made == again
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("changed", "id"),
    [
        ({"DEBUG": True, "HTTPS": True}, "meshes.E001"),
        ({"ALLOWED_HOSTS": ["*"]}, "meshes.W001"),
        ({"PUBLIC_URL": "meshes.example.com"}, "meshes.E002"),
        ({"HTTPS": True, "DESTINATIONS_ALLOW_PRIVATE": True}, "meshes.W002"),
        ({"DELIVERY_RETENTION_DAYS": -1}, "meshes.W004"),
        ({"THROTTLE_EVENTS_PER_SECOND": -1.0}, "meshes.E003"),
        ({"WORKER_PROCESSES": 1}, "meshes.E004"),
        ({"THROTTLE_ACCOUNT_PER_SECOND": 20.0}, "meshes.W003"),
        ({"LOG_FORMAT": "xml"}, "meshes.E005"),
    ],
    ids=str,
)
def test_misuse_is_pointed_out_with_a_hint(changed, id, settings) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)

    found = settings_make_sense(None)

    assert [message.id for message in found] == [id]
    assert found[0].hint


def test_the_defaults_give_nothing_to_point_out() -> None:
    assert settings_make_sense(None) == []


@pytest.mark.parametrize(("query", "threshold"), [("", "5"), ("?prepare_threshold=None", "None")])
def test_the_address_of_the_database_can_forbid_prepared_statements(query, threshold) -> None:
    asked = "from meshes.settings import DATABASES as d; print(d['default']['OPTIONS'])"
    given = {
        "DATABASE_URL": f"postgres://u@127.0.0.1/n{query}",
        "SECRET_KEY": "A-key-of-many-letters_0123456789-for-this-test",
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
    }

    done = started([sys.executable, "-c", asked], **given)

    assert done.stdout.strip() == f"{{'prepare_threshold': {threshold}}}", done.stderr
