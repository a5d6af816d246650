"""What a pump's look for work costs with ever more accounts."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator

from django.db.models import F
from django.db.models.functions import Mod

from connections.models import Account
from deliveries.claiming import due_accounts
from deliveries.models import Delivery, Event, Status
from deliveries.pump import LOOK_EVERY_S, Pump
from tests.bench.bench import Bench
from tests.bench.copying import insert_copies
from tests.bench.figures import Line
from tests.bench.world import read_statistics
from tests.builders import make_delivery, make_event, make_rule

ACCOUNTS, ACCOUNTS_QUICK = (20, 500, 5_000), (20, 500)
DUE_OF = {"none": 0, "1 in 50": 50, "all": 1}
TIMES = 25


def measure(bench: Bench) -> Iterator[Line]:
    """A line for each number of accounts, and for each share of them with due work."""
    rule = make_rule()
    event = make_event(workspace=rule.workspace)
    original = make_delivery(event, rule, status=Status.COMPLETED, applied_id=1)
    for size in ACCOUNTS_QUICK if bench.quick else ACCOUNTS:
        _add_accounts(original, size)
        for name, every in DUE_OF.items():
            _let_wait(every)
            yield _line(bench, f"{size:,} accounts, work for {name}")


def _add_accounts(original: Delivery, size: int) -> None:
    """More accounts, up to that many, each with one delivery that has ended."""
    made = Account.objects.count()
    rows = [Account(kind="activecampaign", key=f"crowd-{number}") for number in range(made, size)]
    ids = [row.pk for row in Account.objects.bulk_create(rows, batch_size=1000)]
    events = Event.objects.latest("pk").pk
    span = {"first": events + 1, "last": events + len(ids)}
    event = original.event_id
    insert_copies(Event, (event, event), {"email": "'crowd-' || n || '@example.org'"}, **span)
    own = {"event_id": "n", "account_id": f"n + {ids[0] - events - 1}"}
    own |= {"email": "'crowd-' || n || '@example.org'"}
    insert_copies(Delivery, (original.pk, original.pk), own, **span)


def _let_wait(every: int) -> None:
    """Make one delivery of every so many accounts due, and no others."""
    Delivery.objects.update(status=Status.COMPLETED)
    if every:
        chosen = Delivery.objects.annotate(place=Mod(F("account_id"), every)).filter(place=0)
        chosen.update(status=Status.PENDING)
    read_statistics()


def _line(bench: Bench, case: str) -> Line:
    owner = str(uuid.uuid4())
    found = len(due_accounts(owner))
    statement, look = _best_ms(lambda: due_accounts(owner)), _best_ms(_busy_pump())
    part = look / (look + 1000 * LOOK_EVERY_S)
    return bench.line(
        case,
        measured=f"{look:.2f} ms",
        note=f"{found} accounts found; the statement {statement:.2f} ms, the rest in Python; "
        f"a pump whose senders are all busy spends {part:.0%} of its time with looking",
    )


def _busy_pump() -> Callable[[], object]:
    """The look of a pump that has no sender left."""
    pump, over = Pump(run_s=60.0), threading.Event()
    while pump.crew.free(to_the_last=True) > 0:
        pump.crew.start(-1, lambda _account: over.wait(60.0))
    return pump._look


def _best_ms(act: Callable[[], object]) -> float:
    """The shortest of many, as other work on the machine never makes one shorter."""
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return min(taken) * 1000
