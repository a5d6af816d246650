"""The tags, lists and fields that really exist in an account, as last read.

A reading is stored whole or not at all; nothing here knows what rules do with it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, IntegerField, Q, Value, When

from connections import destinations
from connections.activation import is_verified
from connections.calling import open_line
from connections.destinations.base import CatalogItem, CatalogKind
from connections.destinations.errors import DestinationError, RateLimited
from connections.models import Account, CatalogEntry, CatalogEntryQuerySet, Connection
from connections.pace import Paused, pause
from connections.troubles import sentence_for
from meshes.encryption import CannotOpen

STALE_AFTER = timedelta(hours=6)
PAGE_DEADLINE_S = 15.0


class CatalogUnreadable(Exception):
    """The account's tags, lists or fields could not be read; one sentence why."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How many of each kind the account holds, and how many entries went away."""

    tags: int
    lists: int
    fields: int
    gone: int


def refresh_catalog(connection: Connection, *, now: datetime) -> Refreshed:
    """What the account holds after reading all of it anew.

    Raises: CatalogUnreadable when the reading did not come to its end; only
    `catalog_error` changes then.
    """
    try:
        items, complete = _read(connection)
    except CatalogUnreadable as error:
        Account.objects.filter(pk=connection.account_id).update(catalog_error=str(error)[:255])
        raise
    gone = _store(connection.account_id, items, complete=complete, now=now)
    counts = Counter(item.kind for item in items)
    return Refreshed(tags=counts["tag"], lists=counts["list"], fields=counts["field"], gone=gone)


def visible_catalog(connection: Connection) -> CatalogEntryQuerySet:
    """The account's entries, or none before the account accepted this key.

    Why: whoever enters another's address with a wrong key must see nothing.
    """
    entries = CatalogEntry.objects.filter(account_id=connection.account_id)
    return entries if is_verified(connection) else entries.none()


def search_targets(
    account_id: int, *, kind: CatalogKind, text: str, limit: int
) -> tuple[list[CatalogEntry], bool]:
    """Present entries whose label contains the text, and whether there are more.

    Shape: the exact label first, then labels that start with the text, then
    the others, each alphabetically.
    """
    folded = fold(text)
    rank = Case(
        When(folded=folded, then=Value(0)),
        When(folded__startswith=folded, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    entries = CatalogEntry.objects.present().filter(account_id=account_id, kind=kind)
    found = list(
        entries.filter(folded__contains=folded).order_by(rank, "folded", "pk")[: limit + 1]
    )
    return found[:limit], len(found) > limit


def is_stale(account: Account, *, now: datetime) -> bool:
    """Whether the account was never read, or longer ago than six hours."""
    read_at = account.catalog_refreshed_at
    return read_at is None or read_at <= now - STALE_AFTER


def note_gone(account_id: int, *, kind: str, external_id: str, label: str, now: datetime) -> int:
    """How many entries are no longer offered, as the account said that it holds none such.

    Why: until the next reading nobody chooses what is gone for sure.
    """
    such = Q(external_id=external_id) | (Q(label=label) if label else Q(pk__in=()))
    present = CatalogEntry.objects.present().filter(such, account_id=account_id, kind=kind)
    return present.update(gone_at=now)


def note_found(
    account_id: int, *, kind: CatalogKind, external_id: str, label: str, now: datetime
) -> None:
    """Offer what an attempt found in the account before the next reading does."""
    _put([_entry(account_id, CatalogItem(kind=kind, id=external_id, label=label), now=now)])


def fold(label: str) -> str:
    """The label as it is compared: trimmed, without case."""
    return label.strip().casefold()[:512]


def _read(connection: Connection) -> tuple[list[CatalogItem], bool]:
    items = _read_through(connection)
    seen = {(item.kind, item.id) for item in items}
    complete = True
    for other in _other_keys(connection):
        if not _missing(connection.account_id, seen):
            break
        # A key may see less than another one; what only that one sees is not gone.
        try:
            more = _read_through(other)
        except CatalogUnreadable:
            complete = False
            continue
        items += [item for item in more if (item.kind, item.id) not in seen]
        seen |= {(item.kind, item.id) for item in more}
    return items, complete


def _read_through(connection: Connection) -> list[CatalogItem]:
    destination = destinations.destination(connection.kind)
    try:
        line = open_line(connection, deadline_s=PAGE_DEADLINE_S)
        items = {(item.kind, item.id): item for item in destination.read_catalog(line)}
    except CannotOpen as error:
        raise CatalogUnreadable(str(error)) from None
    except (DestinationError, Paused) as error:
        if isinstance(error, RateLimited):
            pause(connection.account_id, seconds=error.retry_after_s, reason="rate_limited")
        raise CatalogUnreadable(sentence_for(error, connection)) from None
    return list(items.values())


def _other_keys(connection: Connection) -> list[Connection]:
    others = Connection.objects.enabled().filter(account_id=connection.account_id)
    by_key = {
        other.secret_fingerprint: other
        for other in others.exclude(secret_fingerprint=connection.secret_fingerprint)
        if is_verified(other)
    }
    return list(by_key.values())


def _missing(account_id: int, seen: set[tuple[CatalogKind, str]]) -> bool:
    known = CatalogEntry.objects.present().filter(account_id=account_id)
    return any(pair not in seen for pair in known.values_list("kind", "external_id"))


def _store(account_id: int, items: Iterable[CatalogItem], *, complete: bool, now: datetime) -> int:
    rows = sorted(
        (_entry(account_id, item, now=now) for item in items),
        key=lambda row: (row.kind, row.external_id),  # one order for all: no deadlock
    )
    older = Q(catalog_refreshed_at__isnull=True) | Q(catalog_refreshed_at__lt=now)
    with transaction.atomic():
        fresh = Account.objects.filter(older, pk=account_id).update(
            catalog_refreshed_at=now, catalog_version=_version(rows), catalog_error=""
        )
        if not fresh:  # a reading that began later is stored already
            return 0
        _put(rows)
        unseen = CatalogEntry.objects.present().filter(account_id=account_id, seen_at__lt=now)
        return unseen.update(gone_at=now) if complete else 0


def _put(rows: Sequence[CatalogEntry]) -> None:
    CatalogEntry.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["account", "kind", "external_id"],
        update_fields=["label", "folded", "type", "options", "detail", "seen_at", "gone_at"],
    )


def _entry(account_id: int, item: CatalogItem, *, now: datetime) -> CatalogEntry:
    label = item.label.replace("\x00", "")
    return CatalogEntry(
        account_id=account_id,
        kind=item.kind,
        external_id=item.id,
        label=label[:512],
        folded=fold(label),
        type=item.type,
        options=list(item.options),
        detail=dict(item.detail),
        seen_at=now,
        gone_at=None,
    )


def _version(rows: Iterable[CatalogEntry]) -> str:
    # Of the fields alone: mappings depend on them, and on no tag or list.
    fields = [
        [row.external_id, row.label, row.type, row.options, row.detail]
        for row in rows
        if row.kind == "field"
    ]
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]
