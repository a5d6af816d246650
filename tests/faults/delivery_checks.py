"""Whether every delivery ended well or waits, and the sandboxes hold what history says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from tests.faults.folding import WANTED, Applied, Key, differences, folded
from tests.faults.happened import AttemptRow, DeliveryRow, Happened
from tests.faults.overlaps import overlapping
from tests.faults.sandboxes import Call
from tests.faults.verdicts import Verdict

LATE = timedelta(seconds=30)
TARGETS = ("tag", "list")
HARMLESS = ("latency", "drip")  # late, but answered
Writes = Mapping[Key, list[Call]]


def ended(happened: Happened) -> Verdict:
    """Every delivery is terminal with a reason, or waits with one or a time."""
    from deliveries.reasons import REASONS

    broken = []
    proved = {attempt.id: attempt.delivery_id for attempt in happened.attempts if attempt.delivered}
    for row in happened.deliveries:
        trouble = _trouble(row, happened)
        if row.status == "completed" and proved.get(row.applied_id or 0) != row.id:
            trouble = "no delivered attempt of its own completed it"
        if row.reason and row.reason not in REASONS:
            trouble = f"its reason {row.reason} has no sentence"
        if trouble:
            broken.append(f"Delivery {row.id} ({row.status}): {trouble}.")
    done = sum(row.status == "completed" for row in happened.deliveries)
    note = f"{done:,} completed"
    return Verdict(
        "every delivery ended or waits, with a reason",
        len(happened.deliveries),
        tuple(broken),
        note,
    )


def _trouble(row: DeliveryRow, happened: Happened) -> str:
    if row.status == "completed":
        return ""
    if row.status in ("failed", "canceled"):
        return "" if row.reason else "it gives no reason"
    if row.status == "processing":
        return "it is still in hand"
    if row.held_reason:
        return ""
    return "nobody takes it" if row.next_attempt_at < happened.now - LATE else ""


def attempts_closed(happened: Happened) -> Verdict:
    """No attempt is left open once its delivery is out of hand."""
    in_hand = {row.id for row in happened.deliveries if row.status == "processing"}
    broken = tuple(
        f"Attempt {attempt.id} of delivery {attempt.delivery_id} never ended."
        for attempt in happened.attempts
        if not attempt.outcome and attempt.delivery_id not in in_hand
    )
    return Verdict("every attempt has an outcome", len(happened.attempts), broken)


def state_is_the_fold(
    happened: Happened,
    actual: dict[Key, str],
    writes: Writes,
    gone: Collection[tuple[str, str]] = (),
) -> Verdict:
    """What was delivered, folded as it was applied, gives the sandboxes' state.

    Shape: a delivery that was replayed was applied more than once. `gone` are
    accounts and tags that were deleted there, which nobody holds any more.
    """
    tries = [attempt for attempt in happened.attempts if _is_kept(attempt.key, gone)]
    applied = [
        Applied(attempt.id, attempt.key, attempt.action, absent=attempt.effect == "absent")
        for attempt in tries
        if attempt.delivered
    ]
    completed = {row.id: row.key for row in happened.deliveries if row.status == "completed"}
    unsure: defaultdict[Key, set[str]] = defaultdict(set)
    for attempt in tries:
        if not attempt.delivered and completed.get(attempt.delivery_id) != attempt.key:
            unsure[attempt.key].add(WANTED[attempt.action])
    wrong = differences(folded(applied), actual)
    explained = [key for key in wrong if _left_by_another(writes.get(key, []), unsure[key])]
    broken = tuple(
        f"{key[0]} {key[2]} {key[3]} of one person: holds {actual.get(key) or 'nothing'}, "
        f"which deliveries {_ids(happened.attempts, key)} do not give."
        for key in wrong
        if key not in explained
    )
    note = f"{len(explained)} left by a delivery that ended without being completed"
    return Verdict("completed deliveries folded give the state", len(actual), broken, note)


def _is_kept(key: Key, gone: Collection[tuple[str, str]]) -> bool:
    return key[2] in TARGETS and (key[2] != "tag" or (key[0], key[3]) not in gone)


def _left_by_another(writes: list[Call], unsure: set[str]) -> bool:
    return bool(writes) and writes[-1].wanted in unsure


def lanes_kept_apart(calls: Iterable[Call]) -> Verdict:
    """No two calls of one person and account were in flight together."""
    calls = list(calls)
    broken = tuple(
        f"{one.account}: request {two.seq} began while {one.seq} was in flight."
        for one, two in overlapping(calls)
    )
    return Verdict("one call in flight per person and account", len(calls), broken)


def canceled_left_nothing(happened: Happened, writes: Writes) -> Verdict:
    """A canceled delivery that was never tried changed nothing.

    Shape: where only such deliveries exist for a target, nothing was written;
    elsewhere the check of order refuses a write that only they could explain.
    What was tried there is asked of the attempts, which stay where a delivery moves.
    """
    canceled = [row for row in happened.deliveries if row.status == "canceled" and not row.attempts]
    tried = {attempt.key for attempt in happened.attempts}
    broken = tuple(
        f"Delivery {row.id} was canceled, and its target was written."
        for row in canceled
        if row.key not in tried and writes.get(row.key)
    )
    return Verdict("nothing was sent for what was canceled before", len(canceled), broken, least=0)


def repeats_bounded(happened: Happened, writes: Writes) -> Verdict:
    """Each target's writes beyond what its deliveries needed are at most its lost attempts.

    Shape: a delivered attempt needs one write, and one more for each that a
    sandbox fault spoiled; what ended otherwise may have written once an attempt.
    """
    needed: Counter[Key] = Counter()
    lost: Counter[Key] = Counter()
    completed = {row.id for row in happened.deliveries if row.status == "completed"}
    for attempt in happened.attempts:
        needed[attempt.key] += _writes_once(attempt)
        left = attempt.lost or attempt.delivery_id not in completed
        lost[attempt.key] += left and not attempt.delivered
    broken, repeated = [], 0
    for key, calls in writes.items():
        spoiled = sum(call.fault not in ("", *HARMLESS) for call in calls)
        more = max(0, len(calls) - needed[key] - spoiled)
        repeated += more
        if more > lost[key]:
            broken.append(f"{key[0]} {key[2]} {key[3]} of one person: {more} writes too many.")
    cut_off = sum(row.lost for row in happened.deliveries)
    note = f"{repeated} repeated, {cut_off} attempts cut off"
    count = sum(map(len, writes.values()))
    return Verdict("repeats are at most the calls in flight", count, tuple(broken), note)


def _writes_once(attempt: AttemptRow) -> bool:
    if not attempt.delivered:
        return False
    return attempt.effect == "applied" or attempt.action == "add_tag"


def writes_of(calls: Iterable[Call]) -> dict[Key, list[Call]]:
    """What really changed tags and lists, per target, in the order of arrival."""
    found: defaultdict[Key, list[Call]] = defaultdict(list)
    for call in calls:
        if call.applied and call.kind in TARGETS:
            found[call.account, call.email, call.kind, call.target].append(call)
    return found


def _ids(attempts: list[AttemptRow], key: Key) -> list[int]:
    return list(dict.fromkeys(one.delivery_id for one in attempts if one.key == key))[-6:]
