"""Signs of life that everybody sees in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from deliveries import beats
from deliveries.models import WorkerBeat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker(monkeypatch):
    monkeypatch.setenv(beats.WORKER_VARIABLE, "worker-1")


def silent_for(row: WorkerBeat, seconds: float) -> None:
    moment = timezone.now() - timedelta(seconds=seconds)
    WorkerBeat.objects.filter(pk=row.pk).update(beat_at=moment, started_at=moment)


def test_who_beats_is_alive_and_known_by_worker_and_kind():
    row = beats.start("pump")

    assert beats.beat(row.pk)
    assert (row.worker, row.stopping) == ("worker-1", False)
    assert (beats.alive("pump"), beats.alive("supervisor")) == (1, 0)
    assert beats.alive("pump", worker="worker-1") == 1
    assert beats.alive("pump", worker="worker-2") == 0


def test_who_is_silent_for_ten_seconds_counts_as_dead_until_the_next_beat():
    row = beats.start("pump")
    silent_for(row, 11)
    assert beats.alive("pump") == 0

    beats.beat(row.pk)

    assert beats.alive("pump") == 1


def test_who_was_asked_to_stop_neither_goes_on_nor_counts():
    row, other = beats.start("pump"), beats.start("pump")

    beats.ask_to_stop(pk=row.pk)

    assert not beats.beat(row.pk)
    assert beats.beat(other.pk)
    assert beats.alive("pump") == 1


def test_a_pump_stops_when_the_supervisor_above_it_does():
    beats.start("supervisor")
    beats.ask_to_stop(worker="worker-1")

    latecomer = beats.start("pump")

    assert not beats.beat(latecomer.pk)


def test_a_pump_goes_on_when_another_ones_supervisor_stops(monkeypatch):
    beats.start("supervisor")
    beats.ask_to_stop(worker="worker-1")
    monkeypatch.setenv(beats.WORKER_VARIABLE, "worker-2")

    assert beats.beat(beats.start("pump").pk)


def test_who_has_no_row_any_more_does_not_go_on():
    row = beats.start("pump")
    beats.stop(row.pk)

    assert not beats.beat(row.pk)
    assert WorkerBeat.objects.count() == 0


def test_of_two_of_a_kind_the_older_one_is_first():
    older, younger = beats.start("pump"), beats.start("pump")

    assert (beats.is_first(older), beats.is_first(younger)) == (True, False)


@pytest.mark.parametrize("gone", ["silent", "stopping", "elsewhere"])
def test_an_older_one_that_is_gone_or_elsewhere_does_not_count(gone):
    older = beats.start("pump")
    silent_for(older, 11 if gone == "silent" else 1)
    over = {"stopping": gone == "stopping"}
    over |= {"worker": "worker-2"} if gone == "elsewhere" else {}
    WorkerBeat.objects.filter(pk=older.pk).update(**over)

    assert beats.is_first(beats.start("pump"))


def test_the_dead_are_forgotten_after_a_day():
    old, recent = beats.start("pump"), beats.start("pump")
    silent_for(old, 86_500)
    silent_for(recent, 86_000)

    beats.forget_dead()

    assert list(WorkerBeat.objects.values_list("pk", flat=True)) == [recent.pk]
