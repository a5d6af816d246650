"""The end of a run: read everything from outside, check every promise, tell the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import chain
from typing import Any

from tests.faults import (
    accounts,
    delivery_checks,
    erasure_checks,
    evidence,
    field_checks,
    happened,
    imported,
    intake_checks,
    order_checks,
    recovery_checks,
    successors,
    work_checks,
)
from tests.faults.generator import DOMAIN
from tests.faults.posted import Posted, posted
from tests.faults.sandboxes import Call
from tests.faults.saying import say
from tests.faults.scene import FORGETFUL
from tests.faults.verdicts import Verdict, all_held


def judge(run: Any) -> int:
    """0 when every promise held, else 1; the verdicts are told."""
    from django.db import connection

    connection.close()  # it may be older than the database server's last restart
    known = posted(run.client.ledger)
    found = happened.read(run.stage.scene.accounts, known)
    seen = accounts.read(run.stage.sandboxes)
    verdicts = [
        *_intake(run, found, known),
        *_deliveries(run, found, seen),
        *_work(run, found, known),
    ]
    _tell(run, found, seen.calls)
    for verdict in verdicts:
        for line in verdict.lines():
            say(line)
    if all_held(verdicts):
        return 0
    others = {"kills": run.injector.broken.kills, "insisted": run.operators.replays.insisted}
    evidence.keep(run.stage.folder, happened=found, calls=seen.calls, others=others)
    return 1


def _intake(run: Any, found: happened.Happened, known: Mapping[str, Posted]) -> list[Verdict]:
    late = {one.rule_id for one in run.operators.backfills.done}
    return [
        intake_checks.stored_once(run.client.ledger, known),
        intake_checks.matched(found, known, late),
        intake_checks.books(found),
    ]


def _deliveries(run: Any, found: happened.Happened, seen: accounts.Seen) -> list[Verdict]:
    writes = delivery_checks.writes_of(seen.calls)
    operators, targets = run.operators, run.operators.targets
    later = successors.successors(FORGETFUL, targets.ids)
    tried = successors.with_successors(found, later)
    return [
        delivery_checks.ended(found),
        delivery_checks.attempts_closed(found),
        delivery_checks.state_is_the_fold(tried, seen.held, writes, targets.gone),
        order_checks.order_was_kept(tried, writes, operators.replays.insisted),
        delivery_checks.lanes_kept_apart(seen.calls),
        delivery_checks.canceled_left_nothing(tried, writes),
        delivery_checks.repeats_bounded(tried, writes),
        recovery_checks.nothing_stayed_in_hand(run.watch.in_hand.values()),
        field_checks.names_are_the_fold(found, seen.names),
    ]


def _work(run: Any, found: happened.Happened, known: Mapping[str, Posted]) -> list[Verdict]:
    from deliveries.models import BackgroundJob, Erasure, ImportBatch
    from tests.database_dump import values

    rows = {"jobs": BackgroundJob, "imports": ImportBatch, "erasures": Erasure}
    done, people = run.operators.backfills.done, run.operators.erasures.people
    events = erasure_checks.events_of(people, known)
    folder = run.stage.folder
    places = chain(values(), erasure_checks.logs(folder))
    return [
        work_checks.everything_was_done(
            run.people.counts + run.operators.counts, [*run.people.errors, *run.operators.errors]
        ),
        work_checks.work_ended(
            run.watch.work, **{name: model.objects.count() for name, model in rows.items()}
        ),
        work_checks.backfilled_once(found, done, work_checks.people_to_reach(done)),
        erasure_checks.nothing_is_left(people, places, events),
        erasure_checks.no_address_in_logs(erasure_checks.logs(folder), DOMAIN),
        work_checks.verified(*run.stage.ask("verify")),
    ]


def _tell(run: Any, found: happened.Happened, calls: list[Call]) -> None:
    broken, faulted = run.injector.broken, Counter(_fault(call) for call in calls if call.fault)
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
    say(f"  work: {_counted(run.operators.counts)}")
    say(f"  imports: {_counted(_imports(calls))}")
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


def _fault(call: Call) -> str:
    """The fault's name, and where it hit when that makes another kind of it."""
    if call.path.endswith(imported.PATH):
        return f"{call.fault} of an import"
    return f"{call.fault} ({call.method})" if call.fault == "wrong_contact" else call.fault


def _imports(calls: list[Call]) -> Counter[str]:
    """How imports ended on both sides, and what became of their people."""
    from deliveries.models import Attempt, ImportBatch

    tokens = ImportBatch.objects.values_list("token", flat=True)
    told = Attempt.objects.filter(lease_token__in=list(tokens))
    found = Counter(
        f"{state} here" for state in ImportBatch.objects.values_list("state", flat=True)
    )
    ends = {(call.account, call.at, call.outcome) for call in calls if not call.seq}
    found += Counter(f"{outcome} there" for _account, _at, outcome in ends)
    reasons = told.values_list("outcome", "reason")
    return found + Counter(f"people {reason or outcome}" for outcome, reason in reasons)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name or 'none'} {count}" for name, count in counts.most_common()) or "none"
