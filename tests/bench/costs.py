"""What one event, one delivery and one connection cost, as measured: the inputs of the model.

Change a figure here when the bench measures another one; the model and its table follow.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Costs:
    """What one of each costs on the machine of docs/performance.md.

    Units: milliseconds of processor time and bytes on the disk, indexes included.
    """

    intake_ms: float = 1.74
    """A web process, for a single event."""

    intake_database_ms: float = 0.75
    """The database server, for the same event."""

    delivery_ms: float = 4.15
    """All processes of a worker, for a delivery of one call."""

    delivery_database_ms: float = 2.7
    """The database server, for the same delivery."""

    call_ms: float = 2.0
    """The stand-in of ActiveCampaign, for a call; counts only where it shares the machine."""

    removal_ms: float = 0.18
    removal_database_ms: float = 0.15
    """Housekeeping, for an event with its delivery and attempt that goes."""

    event_bytes: int = 1_435
    delivery_bytes: int = 1_976
    attempt_bytes: int = 1_652


POSTGRES = Costs()
SQLITE = Costs(
    intake_ms=2.35,
    intake_database_ms=0.0,
    delivery_ms=4.25,
    delivery_database_ms=0.0,
    removal_ms=0.41,
    removal_database_ms=0.0,
    event_bytes=1_426,
    delivery_bytes=1_259,
    attempt_bytes=4_164,
)
"""SQLite does the database's work inside the process that asks for it."""

RETENTION_S_A_MINUTE = 15.0
RETENTION_DUTY = {"PostgreSQL": 0.8, "SQLite": 0.5}
"""So long housekeeping removes in each minute, and the part of it that is work."""
