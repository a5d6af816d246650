"""Tags that were made anew: an attempt at the old one may have reached the new one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations

from tests.faults.happened import AttemptRow, Happened

Tag = tuple[str, str]
"""An account and the id of a tag in it."""


def successors(account: str, ids: Mapping[str, Iterable[str]]) -> dict[Tag, list[str]]:
    """The ids that a tag had later, by each id that it had.

    Shape: `ids` gives all ids of a name in their order.
    """
    found: dict[Tag, list[str]] = {}
    for each in ids.values():
        for earlier, later in combinations(each, 2):
            found.setdefault((account, earlier), []).append(later)
    return found


def with_successors(happened: Happened, later: Mapping[Tag, Iterable[str]]) -> Happened:
    """The same with each attempt that was not delivered at the tag's later ids, too.

    Why: an attempt that finds its tag gone looks for one of that name, and
    may die after it wrote there; what was delivered names the tag itself.
    """
    attempts: list[AttemptRow] = []
    for attempt in happened.attempts:
        attempts.append(attempt)
        account, email, kind, target = attempt.key
        if kind == "tag" and not attempt.delivered:
            others = later.get((account, target), ())
            attempts += [replace(attempt, key=(account, email, kind, one)) for one in others]
    return replace(happened, attempts=attempts)
