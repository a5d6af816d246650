"""The fault switches of one account: which are on, and whether one fires for a request.

What a fault does is decided elsewhere; this file only counts, matches and throws the dice.
"""

import random
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

from connections.destinations.activecampaign.sandbox.fault_kinds import KINDS, FaultKind
from connections.destinations.activecampaign.sandbox.messages import Request


@dataclass
class Fault:
    """A switch that is on.

    Shape: `count` is how many more requests it hits, None without end; `skip` is how many
    it lets pass first; `path` is a glob on the part after /api/3/.
    """

    kind: FaultKind
    options: dict[str, Any]
    count: int | None = None
    skip: int = 0
    probability: float = 1.0
    method: str | None = None
    path: str | None = None
    fired: int = 0

    def matches(self, request: Request) -> bool:
        """Whether the request is of the kind that this switch is meant for."""
        if self.count == 0 or (self.method and request.method != self.method):
            return False
        if self.kind.writes_only and request.method == "GET":
            return False
        return self.path is None or fnmatchcase("/".join(request.segments[2:]), self.path)

    def described(self) -> dict[str, Any]:
        """The switch as the control pages show it."""
        common = {name: getattr(self, name) for name in COMMON}
        return {"name": self.kind.name, **common, **self.options, "fired": self.fired}


COMMON = ("count", "skip", "probability", "method", "path")


class Faults:
    """The switches of an account; one switch per name."""

    def __init__(self, seed: int = 0):
        self._on: dict[str, Fault] = {}
        self._lock = Lock()
        self._seed = seed
        self._dice = random.Random(seed)  # noqa: S311 - chance of a fault, not a secret

    def set(self, name: str, **options: Any) -> None:
        """Turn a switch on, replacing an earlier one of the same name.

        Raises: ValueError with a sentence for an unknown name or a bad option.
        """
        kind = KINDS.get(name)
        if kind is None:
            raise ValueError(f"There is no fault named {name}. Use one of: {', '.join(KINDS)}.")
        common = {key: options.pop(key) for key in COMMON if key in options}
        _check(common)
        fault = Fault(kind, kind.checked(options), **{**kind.common, **common})
        with self._lock:
            self._on[name] = fault

    def clear(self, name: str | None = None) -> None:
        """Turn one switch off, or all of them; the dice start again."""
        with self._lock:
            if name is None:
                self._on.clear()
                self._dice.seed(self._seed)
            else:
                self._on.pop(name, None)

    def active(self) -> list[dict[str, Any]]:
        """The switches that can still fire."""
        with self._lock:
            return [fault.described() for fault in self._on.values() if fault.count != 0]

    def take(self, name: str, request: Request) -> dict[str, Any] | None:
        """The options of a switch if it fires for this request, which then counts."""
        with self._lock:
            fault = self._on.get(name)
            if fault is None or not fault.matches(request) or not self._chosen(fault):
                return None
            fault.fired += 1
            if fault.count is not None:
                fault.count -= 1
            return fault.options

    def first(self, stage: str, request: Request) -> tuple[str, dict[str, Any]] | None:
        """Name and options of the first switch of a stage that fires, in declared order."""
        for name, kind in KINDS.items():
            if kind.stage == stage and name in self._on:
                options = self.take(name, request)
                if options is not None:
                    return name, options
        return None

    def _chosen(self, fault: Fault) -> bool:
        if fault.skip > 0:
            fault.skip -= 1
            return False
        return fault.probability >= 1 or self._dice.random() < fault.probability


def _check(common: dict[str, Any]) -> None:
    for name in ("count", "skip"):
        value = common.get(name)
        if value is not None and (type(value) is not int or value < 0):
            raise ValueError(f"{name} must be a whole number of at least 0.")
    if "skip" in common and common["skip"] is None:
        raise ValueError("skip must be a whole number of at least 0.")
    chance = common.get("probability", 1.0)
    if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 <= chance <= 1:
        raise ValueError("probability must be a number from 0 to 1.")
    for name in ("method", "path"):
        if not isinstance(common.get(name), str | None):
            raise ValueError(f"{name} must be text.")
