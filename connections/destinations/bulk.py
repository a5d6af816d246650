"""Many people in one request to a destination, and what became of each of them.

Pure Python, as `base`; a destination that offers it says so in its declaration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from connections.destinations.base import Call, Exchange, Job
from connections.destinations.errors import DestinationError


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One person of a bulk import.

    Shape: `target` is the target's name as the account has just confirmed
    it; `with_fields` says that the mapped fields are written too.
    """

    job: Job
    target: str
    with_fields: bool = True


@dataclass(frozen=True, slots=True)
class BulkStatus:
    """How far an import is.

    Shape: `state` is the destination's own word. `imported` holds contact
    ids, `refused` emails as the destination spells them; both are complete
    only once the import has `ended`.
    """

    ended: bool
    state: str = ""
    imported: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkSeen:
    """What became of one person of an import, as it was read back.

    Shape: `contact_id` is empty unless the contact was seen. `links` maps
    the tags that were seen on it to the ids of its links to them, `added`
    to when it got them. `refused` says that the import left the person out,
    `read` which answer of the reading showed the contact, the first being 1.
    Units: `added` in seconds since the epoch.
    """

    contact_id: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, float] = field(default_factory=dict)
    refused: bool = False
    read: int = 0


class Bulk(Protocol):
    """Many people in one request; what it did is asked for afterwards."""

    actions: tuple[str, ...]
    most: int
    label: str
    help_text: str

    def confirmed_name(self, call: Call, target_id: str) -> str:
        """The target's name as the account has it now; '' where an import cannot name it."""

    def fitting(self, items: Sequence[BulkItem]) -> int:
        """How many of the items, from the first on, fit into one request."""

    def post(self, call: Call, items: Sequence[BulkItem]) -> str:
        """The id of the import; raises an error of `errors`."""

    def is_unqueued(self, error: DestinationError) -> bool:
        """Whether this error of `post` proves that nothing was queued."""

    def status(self, call: Call, import_id: str) -> BulkStatus:
        """How far the import is; raises an error of `errors`."""

    def is_idle(self, call: Call) -> bool:
        """Whether the account has no import left that waits or runs."""

    def read_back(
        self, call: Call, items: Sequence[BulkItem], status: BulkStatus
    ) -> dict[str, BulkSeen]:
        """What became of the people, by their job's email; without those nobody knows of."""

    def share(self, exchange: Exchange, item: BulkItem, seen: BulkSeen) -> Exchange:
        """The exchange as far as it is about this person, masked."""
