"""The Dockerfile builds from what .dockerignore lets through, and the image runs what it says."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GIT = shutil.which("git") or "git"
LINES = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()
STEPS = [tuple(line.split(maxsplit=1)) for line in LINES if line and not line.startswith("#")]
SECRET = "tests-only-8f3kq0Zr5TnYw2LhVbXc7MdJg4PsAe9U"
CREDENTIAL = "dGVzdHMtb25seS1ub3QtYS1zZWNyZXQtMzItYnl0ZXM="
SHARED = {"WORKER_PROCESSES": "2", "DEBUG": "false", "ENV_FILE": os.devnull}


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, each beginning with its FROM."""
    found: list[list[tuple[str, str]]] = []
    for word, rest in STEPS:
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append((word, rest))
    return found


def of(stage: list[tuple[str, str]], word: str) -> list[str]:
    """What the stage's instructions of this kind say."""
    return [rest for each, rest in stage if each == word]


def sent() -> list[Path]:
    """The files that .dockerignore lets into the build, relative to the project."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line]
    rules = [line for line in rules if not line.startswith("#")]
    kept = [rule[1:] for rule in rules if rule.startswith("!")]
    dropped = [rule.removeprefix("**/") for rule in rules if rule.startswith("**/")]
    command = [GIT, "ls-files", "--cached", "--others", "--exclude-standard"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [
        Path(name)
        for name in ended.stdout.splitlines()
        if any(name == rule or name.startswith(f"{rule}/") for rule in kept)
        and not any(fnmatch.fnmatch(part, rule) for part in Path(name).parts for rule in dropped)
    ]


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    """A folder that stands for the image's root, with `/app` made by the build's own steps.

    Why: there is no Docker here. `/opt/venv` is this environment; installing into an empty one
    is what `make install` does with the same file.
    """
    root = tmp_path_factory.mktemp("image")
    for name in sent():
        (root / "app" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / "app" / name)
    (root / "opt").mkdir()
    (root / "opt" / "venv").symlink_to(Path(sys.prefix))
    [collect] = [run for run in of(stages()[0], "RUN") if "collectstatic" in run]
    command = collect.replace("/app", f"{root}/app").replace("/opt/venv", f"{root}/opt/venv")
    env = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull}
    shell = ["/bin/sh", "-euc", command]
    ended = subprocess.run(shell, cwd=root / "app", env=env, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return root


def test_the_first_line_of_rules_keeps_everything_out() -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()

    assert next(line for line in rules if not line.startswith("#")) == "*"


def test_nothing_secret_and_nothing_that_only_developers_need_is_sent() -> None:
    names = {str(path) for path in sent()}

    assert {"manage.py", "gunicorn.conf.py", "requirements.txt", "docs/llms.txt"} <= names
    assert "templates/admin/index.html" in names
    assert not [name for name in names if name.startswith((".", "tests/", "var/", "secrets/"))]
    assert not [name for name in names if ".env" in name]


def test_every_package_is_installed_by_its_hash_and_ready_made() -> None:
    [install] = [run for run in of(stages()[0], "RUN") if " install " in run]

    assert install == (
        "/opt/venv/bin/python -m pip install --only-binary=:all: --require-hashes "
        "-r /build/requirements.txt"
    )


def test_the_build_has_two_stages_on_one_pinned_base() -> None:
    pinned = [rest for word, rest in STEPS if word == "ARG"]

    assert [stage[0][1] for stage in stages()] == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]
    assert len(pinned) == 1
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.\d+\.\d+-slim-bookworm", pinned[0])


def test_the_image_is_not_root_and_keeps_no_secret() -> None:
    last = stages()[-1]
    variables = " ".join(of(last, "ENV"))

    assert of(last, "USER") == ["10001:10001"]
    assert "--uid 10001" in " ".join(of(last, "RUN"))
    assert "SECRET" not in variables
    assert "KEY" not in variables
    assert of(last, "STOPSIGNAL") == ["SIGTERM"]


def test_collecting_leaves_the_admins_files_compressed_and_no_secret(image) -> None:
    files = image / "app" / "staticfiles"

    assert (files / "admin" / "css" / "base.css.gz").exists()
    assert (files / "meshes" / "admin.css").exists()
    assert not (image / "app" / "var").exists()
    assert not [path for path in (image / "app").rglob("*") if "secret_key" in path.name]


@pytest.fixture
def serving(image, database_url) -> Iterator[dict[str, str]]:
    """The web server as the image starts it; its environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    env = {
        **SHARED,
        "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SECRET_KEY": SECRET,
        "CREDENTIAL_KEYS": CREDENTIAL,
        "DATABASE_URL": database_url,
        "STATIC_ROOT": str(image / "app" / "staticfiles"),
        "ALLOWED_HOSTS": ".example.com",
        "PORT": port,
    }
    [start] = of(stages()[-1], "CMD")
    command = [word.replace(":8000", f":{port}") for word in json.loads(start)]
    server = subprocess.Popen(command, cwd=image / "app", env=env, stderr=subprocess.DEVNULL)
    try:
        yield env
    finally:
        server.terminate()
        assert server.wait(40) == 0


def healthy(image: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What the image's health check says."""
    [check] = of(stages()[-1], "HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    return subprocess.run(command, cwd=image / "app", env=env, capture_output=True, text=True)


@pytest.mark.django_db(transaction=True)
def test_the_image_serves_and_its_health_check_says_so(image, serving) -> None:
    until = time.monotonic() + 60
    while (said := healthy(image, serving)).returncode and time.monotonic() < until:
        time.sleep(0.3)

    assert said.returncode == 0, said.stdout
    assert '"status": "ready"' in said.stdout
    address = f"http://127.0.0.1:{serving['PORT']}/static/admin/css/base.css"
    headers = {"Host": "meshes.example.com", "Accept-Encoding": "gzip"}
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"


def test_the_health_check_fails_where_nothing_answers(image) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        env = {"PATH": f"{sys.prefix}/bin", "PORT": str(taken.getsockname()[1])}
        said = healthy(image, env)

    assert said.returncode == 1
    assert said.stdout == "The web server does not answer (ConnectionRefusedError).\n"
