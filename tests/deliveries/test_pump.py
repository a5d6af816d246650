"""The loop that keeps senders busy, in this process, with threads and real connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import OperationalError
from django.utils import timezone

from connections.calling import open_line
from connections.models import Account
from deliveries import beats, latency, pump, sending
from deliveries.background_jobs import start_replay
from deliveries.claiming import DueAccount, due_accounts
from deliveries.models import Attempt, BackgroundJob, Delivery
from deliveries.pump import Pump, is_unwell, run_pump, wanted
from rules.models import Rule
from tests.builders import make_rule
from tests.deliveries.scenes import calls, connect, due, hurry, send_one, tag_rule
from tests.threads import aside

pytestmark = pytest.mark.django_db(transaction=True)


def run_for(seconds: float) -> bool:
    """What a pump said that ran this long and finished what it had in hand."""
    work = Pump(run_s=seconds)
    try:
        return work.run()
    finally:
        work.close()


def run_until(condition: Callable[[], bool], *, within_s: float = 20.0) -> None:
    """Run a pump until the condition holds, or fail."""

    until = time.monotonic() + within_s

    def watch() -> None:
        while not condition() and time.monotonic() < until:
            time.sleep(0.05)
        beats.ask_to_stop(kind="pump")

    watching = aside(watch)
    run_for(within_s)
    assert condition()
    watching.join()


def statuses() -> dict[str, int]:
    rows = list(Delivery.objects.values_list("status", flat=True))
    return {status: rows.count(status) for status in set(rows)}


def rule_at(sandbox, number: int, **over: object) -> Rule:
    """A rule that adds the tag `done` in an account of its own."""
    own = sandbox.add_account(key=f"key-{number}")
    target = own.state.add_tag("done")
    return make_rule(connection=connect(sandbox, own, **over), target_id=target)


def test_everything_due_is_delivered_to_every_account(sandbox):
    rules = [rule_at(sandbox, number) for number in (2, 3, 4)]
    for rule in rules:
        for person in range(8):
            due(rule, f"{person}@x.io")

    run_until(lambda: statuses() == {"completed": 24})

    for account in sandbox.accounts.all()[1:]:
        assert [account.state.tags_of(f"{person}@x.io") for person in range(8)] == [["done"]] * 8
    assert Attempt.objects.filter(outcome="delivered").count() == 24
    assert set(Account.objects.values_list("lease_owner", "lease_until")) == {("", None)}
    assert beats.alive("pump") == 0


def test_an_account_gets_no_more_than_its_pace_from_all_senders(sandbox):
    # The account allows far more than its pace, so that only senders without one are refused.
    sandbox.configure(rate_per_second=5.0)
    rule = tag_rule(sandbox, connection=connect(sandbox, requests_per_second=2.5))
    for person in range(5):
        due(rule, f"{person}@x.io")

    run_until(lambda: statuses() == {"completed": 5})

    assert len(calls(sandbox)) == 10
    assert [r.outcome for r in sandbox.state.requests] == ["answered"] * 10


def test_accounts_take_turns_when_senders_are_few(sandbox, settings, monkeypatch):
    settings.WORKER_SENDERS = 1
    monkeypatch.setattr(pump, "TURN_S", 0.2)
    crowded, other = (rule_at(sandbox, n, requests_per_second=10.0) for n in (2, 3))
    for person in range(40):
        due(crowded, f"{person}@x.io")
    alone = due(other)

    run_until(lambda: Delivery.objects.filter(pk=alone.pk, status="completed").exists())

    assert statuses()["pending"] > 0


def test_what_is_in_hand_is_finished_after_the_time_is_over(sandbox):
    sandbox.faults.set("latency", seconds=1.0)
    due(tag_rule(sandbox))

    assert run_for(0.8)

    assert statuses() == {"completed": 1}


def test_a_pump_that_is_asked_to_stop_stops_and_wants_no_successor(sandbox):
    rule = tag_rule(sandbox, connection=connect(sandbox, requests_per_second=5.0))
    for person in range(30):
        due(rule, f"{person}@x.io")

    def ask() -> None:
        time.sleep(0.5)
        beats.ask_to_stop(kind="pump")

    asking = aside(ask)
    assert not run_for(30.0)
    asking.join()

    assert set(statuses()) == {"completed", "pending"}
    assert Account.objects.get().lease_owner == ""


def test_a_worker_that_has_a_pump_starts_no_second_one(sandbox):
    beats.start("pump")
    due(tag_rule(sandbox))

    run_pump(hand_over=lambda: pytest.fail("nobody may follow"))

    assert statuses() == {"pending": 1}
    assert calls(sandbox) == []


def test_of_two_pumps_that_start_together_the_younger_gives_way(sandbox):
    younger = Pump(run_s=30.0)
    beats.start("pump")

    assert not younger.run()

    younger.close()
    assert beats.alive("pump") == 1


def test_an_account_in_another_pumps_hands_is_left_to_it(sandbox):
    due(tag_rule(sandbox))
    until = timezone.now() + timedelta(seconds=30)
    Account.objects.update(lease_owner="another", lease_until=until)

    run_for(0.4)

    assert statuses() == {"pending": 1}
    assert Account.objects.get().lease_owner == "another"


def test_a_database_that_is_away_for_a_moment_ends_no_pump(sandbox, monkeypatch):
    real, failures = pump.due_accounts, iter([OperationalError("gone")])

    def flaky(owner: str):
        for error in failures:
            raise error
        return real(owner)

    monkeypatch.setattr(pump, "due_accounts", flaky)
    due(tag_rule(sandbox))

    run_until(lambda: statuses() == {"completed": 1})


def test_accounts_that_hang_take_no_hands_away_from_the_others(sandbox, settings, monkeypatch):
    settings.WORKER_SENDERS = 3
    monkeypatch.setattr(pump, "FINISH_S", 0.1)
    monkeypatch.setattr(sending, "open_line", partial(open_line, deadline_s=5.0))
    for number in range(2, 6):
        due(rule_at(sandbox, number))
    for hanging in sandbox.accounts.all()[1:]:
        hanging.faults.set("hang", seconds=30.0)
    healthy = due(rule_at(sandbox, 9))

    began = time.monotonic()
    run_until(lambda: Delivery.objects.filter(pk=healthy.pk, status="completed").exists())

    assert time.monotonic() - began < 4.5
    assert statuses().get("processing", 0) >= 1


def test_accounts_that_did_not_answer_get_one_hand_and_a_part_of_all(db):
    work = Pump(run_s=1.0)
    work.most_unwell = 1
    work.unwell = {1, 2}
    go = threading.Event()
    work.crew.start(1, lambda _: go.wait(10))

    assert not work._has_room(DueAccount(2, 5.0, silent=True))
    assert work._has_room(DueAccount(3, 5.0))

    go.set()
    work.close()


def test_thousands_of_accounts_that_fail_are_counted_once_per_look(db):
    work = Pump(run_s=1.0)
    work.unwell = set(range(5_000))
    go = threading.Event()
    work.crew.start(7, lambda _: go.wait(10))
    work.crew.start(9_999, lambda _: go.wait(10))

    assert work.crew.busy_with(work.unwell) == 1

    go.set()
    work.close()


@pytest.mark.parametrize(
    ("alone", "unserved", "kept"), [(False, 1, False), (False, 0, True), (True, 1, True)]
)
def test_an_account_is_free_for_other_pumps_when_there_is_too_much_to_do_here(
    sandbox, alone, unserved, kept
):
    delivery = due(tag_rule(sandbox))
    work = Pump(run_s=1.0)
    work.alone, work.unserved = alone, unserved

    work._send_for(delivery.account_id)

    owner = Account.objects.get(pk=delivery.account_id).lease_owner
    assert owner == (work.owner if kept else "")
    assert statuses() == {"completed": 1}
    work.close()


def test_a_pump_knows_whether_another_one_works(db):
    work, row = Pump(run_s=1.0), beats.start("pump")
    assert work._still_wanted(row.pk) is True
    alone = work.alone

    beats.start("pump")
    work.last_beat = 0.0
    work._still_wanted(row.pk)

    assert (alone, work.alone) == (True, False)
    work.close()


@pytest.mark.parametrize(("silent", "answered", "hands"), [(0, 0, 1), (0, 1, 3), (1, 1, 1)])
def test_calls_in_flight_follow_the_latency_once_an_account_answers(silent, answered, hands):
    latency._seconds[77], latency._answered_at[77] = 0.3, time.monotonic() - (1 - answered) * 60

    assert wanted(DueAccount(77, 5.0, silent=bool(silent))) == hands


def test_a_timeout_is_remembered_until_the_next_answer(sandbox, monkeypatch):
    monkeypatch.setattr(sending, "open_line", partial(open_line, deadline_s=0.2))
    sandbox.faults.set("hang", seconds=5.0, count=1)
    delivery = send_one(due(tag_rule(sandbox)))
    assert Account.objects.get().last_timeout_at is not None
    assert [account.silent for account in due_accounts("me")] == []

    send_one(hurry(delivery))

    assert delivery.status == "completed"
    assert Account.objects.get().last_timeout_at is None


def test_a_pump_feeds_the_jobs_that_run_in_the_background(sandbox):
    rule = tag_rule(sandbox)
    failed = [due(rule, f"{number}@x.io", status="failed") for number in range(3)]
    job = BackgroundJob(workspace=rule.workspace, basis="was", asked_by="ada")
    start_replay({"status": "failed"}, job=job, last_id=failed[-1].pk, now=timezone.now())

    run_until(lambda: statuses() == {"completed": 3})

    assert set(Attempt.objects.values_list("trigger", "asked_by")) == {("replay", "ada")}


def test_an_account_that_fails_gets_one_hand_until_it_works_again(sandbox):
    sandbox.faults.set("server_error", count=1)
    delivery = send_one(due(tag_rule(sandbox)))
    account = DueAccount(delivery.account_id, 100.0)
    assert (is_unwell(account), wanted(account)) == (True, 1)

    send_one(hurry(delivery))

    assert not is_unwell(account)
    assert wanted(account) > 1


def test_an_account_that_keeps_failing_is_tried_slowly_and_others_at_full_pace(sandbox):
    sick, healthy = rule_at(sandbox, 2), rule_at(sandbox, 3)
    sandbox.accounts.all()[1].faults.set("server_error")
    Account.objects.update(requests_per_second=50.0)
    for number in range(20):
        due(sick, f"{number}@x.io")
        due(healthy, f"{number}@x.io")

    run_until(lambda: Delivery.objects.filter(rule=healthy, status="completed").count() == 20)

    assert Attempt.objects.filter(delivery__rule=sick).count() <= 8


def test_an_account_taken_while_the_pump_closes_is_given_back(sandbox):
    account = due(tag_rule(sandbox)).account_id
    work = Pump(run_s=1.0)
    work.close()

    assert not work._may_drive(account)
    assert Account.objects.get(pk=account).lease_until is None
