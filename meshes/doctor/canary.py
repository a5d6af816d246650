"""Whether an event of our own came the whole way lately."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from connections.clock import database_now
from deliveries import canary, wording
from meshes.doctor.findings import Asked, Finding, broken, ok, warning

OFF = "Remove CANARY_EVERY_S=0 from the environment, so that one is sent every five minutes."
NEW = "A worker sends the first within a minute; run this again then."
RED = "Look at the lines on workers and queue, then into the logs of a worker."


def look(_asked: Asked) -> Iterator[Finding]:
    """When it arrived last, and what is known when it does not."""
    now = database_now()
    found = canary.standing(now)
    green = found.green
    ago = "" if green is None else wording.duration(_milliseconds(now - green.at))
    if found.state == "off":
        yield warning("No canary is sent, so nothing shows that deliveries go out.", OFF)
    elif found.state == "new":
        yield warning("No canary has arrived yet.", NEW)
    elif found.state == "red":
        last = f"arrived {ago} ago" if ago else "never arrived"
        yield broken(f"The last canary {last}. {found.trouble}".strip(), RED)
    elif green is not None:
        took = wording.duration(green.latency_ms)
        yield ok(f"The last canary arrived {ago} ago and took {took}.")


def _milliseconds(took: timedelta) -> int:
    return max(0, round(took.total_seconds() * 1000))
