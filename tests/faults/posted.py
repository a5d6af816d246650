"""What the run itself knows of an event, also after the person was erased. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.faults.client import Ledger


@dataclass(frozen=True, slots=True)
class Posted:
    """An event as it was posted and accepted."""

    marker: str
    body: dict[str, Any]

    @property
    def payload(self) -> dict[str, Any]:
        """What the event says."""
        payload: dict[str, Any] = self.body["payload"]
        return payload

    def text(self, name: str) -> str:
        """A value of the payload, empty unless it is text."""
        value = self.payload.get(name)
        return value if isinstance(value, str) else ""


def posted(ledger: Ledger) -> dict[str, Posted]:
    """Every accepted event of the ledger by its public id."""
    return {uuid: event for sent in ledger.sent if sent.ids for uuid, event in _events(sent)}


def _events(sent: Any) -> Iterator[tuple[str, Posted]]:
    body = json.loads(sent.post.body)
    bodies = body if isinstance(body, list) else [body]
    for uuid, marker, each in zip(sent.ids, sent.post.markers, bodies, strict=True):
        if uuid:
            yield uuid, Posted(marker, each)
