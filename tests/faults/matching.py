"""Which deliveries an event must have, may have and must not have. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from tests.faults.happened import DeliveryRow


class Book:
    """Every version of every rule, in order.

    Shape: `late` are the rules that were applied to past events.
    """

    def __init__(self, *, late: Collection[Any]) -> None:
        self.late = late
        self._numbers: defaultdict[Any, list[int]] = defaultdict(list)
        self._versions: defaultdict[Any, list[Any]] = defaultdict(list)
        self._valid: dict[int, dict[Any, Any]] = {}

    def add(self, rule_id: Any, rules_version: int, version: Any, *, matches: bool) -> None:
        """The next version of a rule; one that does not match stands for a rule that is off."""
        self._numbers[rule_id].append(rules_version)
        self._versions[rule_id].append((version, matches))

    @property
    def moments(self) -> int:
        """At how many versions of the rules events came."""
        return len(self._valid)

    def troubles(
        self, at: int, rows: Iterable[DeliveryRow], *, fits: Callable[[Any], bool]
    ) -> Iterator[str]:
        """What is wrong with an event's deliveries, as ends of sentences.

        Shape: a delivery that was replayed or released may have gone on to a
        later version of its rule; a backfilled one fits some later version.
        """
        expected = {rule: one for rule, one in self._valid_at(at).items() if fits(one)}
        there = {row.rule_id: row for row in rows}
        for rule in expected.keys() - there.keys():
            yield f"has no delivery of rule {rule}, which it fits"
        for rule, row in there.items():
            known = [version.pk for version, _ in self._from(rule, at)]
            if rule not in expected:
                yield from self._unasked(row, at, fits)
            elif row.backfilled:
                yield f"has delivery {row.id} by a backfill, which came with the event"
            elif row.version_id not in (known if row.late else [expected[rule].pk]):
                yield f"has delivery {row.id} under another version of its rule"

    def _unasked(self, row: DeliveryRow, at: int, fits: Callable[[Any], bool]) -> Iterator[str]:
        later = self._from(row.rule_id, at)
        if row.rule_id not in self.late or not row.backfilled:
            yield f"has delivery {row.id} of a rule that it does not fit"
        elif not any(matches and fits(version) for version, matches in later):
            yield f"has delivery {row.id} by a backfill of a rule that it never fitted"

    def _valid_at(self, at: int) -> dict[Any, Any]:
        if at not in self._valid:
            found = {}
            for rule, numbers in self._numbers.items():
                place = bisect_right(numbers, at)
                if place and self._versions[rule][place - 1][1]:
                    found[rule] = self._versions[rule][place - 1][0]
            self._valid[at] = found
        return self._valid[at]

    def _from(self, rule: Any, at: int) -> list[Any]:
        """The version of that moment and all later ones."""
        place = bisect_right(self._numbers[rule], at)
        return self._versions[rule][max(0, place - 1) :]
