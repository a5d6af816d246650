"""Whether an erased person is nowhere any more, while what is counted stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.faults.posted import Posted
from tests.faults.verdicts import Verdict

Place = tuple[str, str]
"""Where a text was found, and the text."""

OTHERS = ("sandbox-",)  # the account, which an erasure does not touch


def nothing_is_left(
    people: Sequence[str], places: Iterable[Place], events: Mapping[str, Mapping[str, Any]]
) -> Verdict:
    """No table and no log names an erased person, and all their events are still counted.

    Shape: `people` are emails; `events` maps their events' ids to the stored
    row, empty where there is none.
    """
    words = [email.partition("@")[0].lower() for email in people]
    found: dict[str, str] = {}
    for place, text in places:
        lowered = text.lower()
        if place not in found and any(word in lowered for word in words):
            found[place] = f"{place} still names an erased person."
    broken = [
        *found.values(),
        *(trouble for uuid, row in events.items() for trouble in _troubles(uuid, row)),
    ]
    note = f"{len(events)} events blanked and counted"
    return Verdict("an erased person is nowhere any more", len(people), tuple(broken), note)


def no_address_in_logs(places: Iterable[Place], domain: str) -> Verdict:
    """No log of the product holds anybody's address."""
    seen, broken = 0, []
    for place, text in places:
        seen += 1
        if domain in text:
            broken.append(f"{place} holds an address.")
    return Verdict("no log holds an address", seen, tuple(dict.fromkeys(broken)), least=0)


def _troubles(uuid: str, row: Mapping[str, Any]) -> Iterator[str]:
    if not row:
        yield f"The event {uuid} of an erased person is not counted any more."
    elif row["erased_at"] is None or row["payload"] or row["user_id"] or row["page_title"]:
        yield f"The event {uuid} of an erased person was not blanked."


def events_of(people: Sequence[str], known: Mapping[str, Posted]) -> dict[str, dict[str, Any]]:
    """What is stored of every accepted event that names one of the people."""
    from deliveries.models import Event

    words = [email.lower() for email in people]
    ids = [uuid for uuid, event in known.items() if _names(event, words)]
    columns = ("uuid", "erased_at", "payload", "user_id", "page_title")
    rows = {str(row["uuid"]): row for row in Event.objects.filter(uuid__in=ids).values(*columns)}
    return {uuid: dict(rows.get(uuid, {})) for uuid in ids}


def _names(event: Posted, words: Sequence[str]) -> bool:
    text = str(event.payload).lower()
    return any(word in text for word in words)


def logs(folder: Path) -> Iterator[Place]:
    """Every line that the product's programs wrote."""
    for path in sorted(folder.glob("*.log")):
        if not path.name.startswith(OTHERS):
            with path.open(errors="replace") as file:
                yield from ((path.name, line) for line in file)
