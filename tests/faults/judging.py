"""The end of a run: read everything from outside, check every promise, tell the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.faults import (
    delivery_checks,
    evidence,
    field_checks,
    happened,
    intake_checks,
    order_checks,
    recovery_checks,
)
from tests.faults.folding import HELD, Key
from tests.faults.sandboxes import Call
from tests.faults.saying import say
from tests.faults.verdicts import Verdict, all_held


def judge(run: Any) -> int:
    """0 when every promise held, else 1; the verdicts are told."""
    from django.db import connection

    connection.close()  # it may be older than the database server's last restart
    calls = [call for sandbox in run.stage.sandboxes for call in sandbox.calls]
    found = happened.read(run.stage.scene.accounts)
    held: dict[Key, str] = {}
    names: dict[field_checks.Person, str] = {}
    for sandbox in run.stage.sandboxes:
        state = sandbox.read("state?limit=1000")
        held |= held_in(sandbox.name, state)
        names |= field_checks.names_in(sandbox.name, state)
    verdicts = [
        *_verdicts(run, found, calls, held),
        field_checks.names_are_the_fold(found.deliveries, names),
    ]
    _tell(run, found, calls)
    for verdict in verdicts:
        for line in verdict.lines():
            say(line)
    if all_held(verdicts):
        return 0
    others = {"kills": run.injector.broken.kills}
    evidence.keep(run.stage.folder, happened=found, calls=calls, others=others)
    return 1


def _verdicts(
    run: Any, found: happened.Happened, calls: list[Call], actual: dict[Key, str]
) -> list[Verdict]:
    writes = delivery_checks.writes_of(calls)
    return [
        intake_checks.stored_once(run.client.ledger),
        intake_checks.matched(found),
        intake_checks.books(found),
        delivery_checks.ended(found),
        delivery_checks.attempts_closed(found),
        delivery_checks.state_is_the_fold(found, actual, writes),
        order_checks.order_was_kept(found, writes),
        delivery_checks.lanes_kept_apart(calls),
        delivery_checks.canceled_left_nothing(found, writes),
        delivery_checks.repeats_bounded(found, writes),
        recovery_checks.nothing_stayed_in_hand(run.watch.in_hand.values()),
    ]


def _tell(run: Any, found: happened.Happened, calls: list[Call]) -> None:
    broken, faulted = run.injector.broken, Counter(call.fault for call in calls if call.fault)
    own = sum(call.outcome == "rate_limited" for call in calls)
    outcomes = Counter(attempt.outcome or "open" for attempt in found.attempts)
    reasons = Counter(row.reason for row in found.deliveries if row.status != "completed")
    times = recovery_checks.recovery_times(found, run.watch.in_hand, broken.kills)
    say(f"  faults: {run.faults():,}, of them {len(broken.kills)} kills")
    say(f"  broken: {_counted(broken.counts)}")
    if broken.missed:
        say(f"  found nothing to break: {_counted(broken.missed)}")
    say(f"  answers: {_counted(faulted)}")
    say(f"  people: {_counted(run.people.counts)}")
    poison = Counter(
        f"{s.post.poison} ({s.status})" for s in run.client.ledger.sent if s.post.poison
    )
    say(f"  poison: {_counted(poison)}")
    say(f"  the client saw: {_counted(run.client.ledger.trouble)}")
    say(f"  attempts: {_counted(outcomes)}")
    say(f"  not completed: {_counted(reasons)}")
    say(f"  calls: {len(calls):,}, {own} of them refused as too fast")
    say(f"  programs started again: {run.stage.keeper.starts}")
    say(f"  recovery after a kill: {recovery_checks.recovery_note(times)}")


def held_in(account: str, state: Mapping[str, Any]) -> dict[Key, str]:
    """What an account holds in the end: tags, and places on lists with their status."""
    tags = {name: number for number, name in state["tags"].items()}
    lists = {name: number for number, name in state["lists"].items()}
    found: dict[Key, str] = {}
    for contact in state["contacts"]:
        email = contact["email"].lower()
        for name in contact["tags"]:
            found[account, email, "tag", tags[name]] = HELD
        for name, status in contact["lists"].items():
            found[account, email, "list", lists[name]] = str(status)
    return found


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name or 'none'} {count}" for name, count in counts.most_common()) or "none"
