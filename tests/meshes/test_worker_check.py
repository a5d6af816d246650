"""`manage.py worker --check` says whether this machine's worker lives, and starts nothing."""

from __future__ import annotations

import io
import socket
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from connections.clock import database_now
from deliveries.models import WorkerBeat

pytestmark = pytest.mark.django_db


def beat(kind: str, **over) -> WorkerBeat:
    given = {"host": socket.gethostname(), "worker": "worker-1", "started_at": database_now()}
    return WorkerBeat.objects.create(**{"kind": kind, "beat_at": database_now(), **given, **over})


def check() -> str:
    out = io.StringIO()
    call_command("worker", "--check", stdout=out)
    return out.getvalue()


def test_a_worker_with_a_pump_is_at_work():
    beat("supervisor")
    beat("pump")

    assert check() == f"The worker on {socket.gethostname()} is at work.\n"


@pytest.mark.parametrize("missing", ["supervisor", "pump"])
def test_a_part_without_a_sign_of_life_is_named(missing):
    beat("supervisor")
    beat("pump")
    silent = database_now() - timedelta(seconds=30)
    WorkerBeat.objects.filter(kind=missing).update(beat_at=silent)

    with pytest.raises(CommandError, match=f"No {missing} on .* has given a sign of life"):
        check()


def test_the_worker_of_another_machine_does_not_count():
    beat("supervisor", host="elsewhere")
    beat("pump", host="elsewhere")

    with pytest.raises(CommandError, match="No supervisor"):
        check()
