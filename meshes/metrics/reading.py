"""One reading of everything: the families of the page, in its order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from connections.clock import database_now
from meshes.metrics import accounts, history, machinery


class Reading(Collector):
    """What prometheus-client collects when the page is asked for."""

    def collect(self) -> Iterator[Metric]:
        """Every family with its samples."""
        now = database_now()
        names = accounts.names()
        yield from history.families(names)
        yield from accounts.families(names, now=now)
        yield from machinery.families(now)

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is stands in `docs/watching.md`."""
        return ()
