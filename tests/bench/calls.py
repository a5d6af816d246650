"""HTTP calls per delivery, a line for each action."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connections.models import Account
from deliveries.models import Delivery, Status
from rules.models import Rule
from tests.bench.bench import Bench
from tests.bench.figures import Line, at_most
from tests.bench.sandboxes import Sandboxes
from tests.bench.world import Site, emails_of, let_go, load, sites, wait_until_done
from tests.builders import make_rule

PEOPLE = 30
FAST = 100.0
WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Case:
    """An action for people of a group; the cases run in order and build on each other.

    Shape: the people of `known` are in our memory, those of `new` nowhere, those of
    `strangers` only in the sandbox, with the tag.
    """

    name: str
    action: str
    group: str
    calls: int


CASES = (
    Case("add_tag, known contact", "add_tag", "known", 1),
    Case("add_tag, new contact", "add_tag", "new", 2),
    Case("remove_tag, that we added", "remove_tag", "known", 1),
    Case("remove_tag, of a stranger", "remove_tag", "strangers", 2),
    Case("add_to_list, known contact", "add_to_list", "known", 2),
    Case("add_to_list, new contact", "add_to_list", "newcomers", 2),
    Case("remove_from_list, known contact", "remove_from_list", "known", 2),
    Case("sync_contact", "sync_contact", "known", 1),
)


def measure(bench: Bench) -> Iterator[Line]:
    """A line for each action, with what the reference says is the least."""
    with sites(1, people=PEOPLE, rate_per_second=None) as (boxes, (site,)), bench.worker():
        Account.objects.update(requests_per_second=FAST)
        strangers = emails_of(site.place, PEOPLE, group="strangers")
        boxes.ask(site.place.name, "people", strangers, ["finished"])
        targets = {
            "tag": site.rule.target_id,
            "list": boxes.ask(site.place.name, "add_list", "News"),
        }
        for case in CASES:
            rule = _rule(site, case.name, case.action, targets)
            people = emails_of(site.place, PEOPLE, group=case.group)
            yield _line(bench, case, _calls(boxes, rule, people))


def _rule(site: Site, event: str, action: str, targets: dict[str, str]) -> Rule:
    kind = action.rpartition("_")[2]
    given: dict[str, Any] = {"connection": site.rule.connection, "event": event}
    return make_rule(**given, action=action, target_id=targets.get(kind, ""), target_label="")


def _calls(boxes: Sandboxes, rule: Rule, people: Sequence[str]) -> float:
    """Calls per delivery that was completed; every one must be."""
    boxes.forget()
    load(rule, people)
    let_go(in_s=0.0)
    wait_until_done(within_s=WITHIN_S)
    done = Delivery.objects.filter(rule=rule, status=Status.COMPLETED).count()
    if done != len(people):
        raise RuntimeError(f"Only {done} of {len(people)} deliveries of {rule.action} ended well.")
    return len(boxes.arrivals()) / done


def _line(bench: Bench, case: Case, calls: float) -> Line:
    return bench.line(case.name, **at_most(calls, case.calls))
