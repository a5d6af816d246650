"""The bulk importer: many people get a tag in one request, some seconds later.

Nothing here retries or waits. Source: ActiveCampaign API v3 reference, section 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from connections.destinations.activecampaign import bulk_wire as wire
from connections.destinations.activecampaign import readers
from connections.destinations.activecampaign.asking import ask, pages
from connections.destinations.activecampaign.builders import PAGE
from connections.destinations.base import Call, Exchange, Request
from connections.destinations.bulk import BulkItem, BulkSeen, BulkStatus
from connections.destinations.errors import (
    DestinationError,
    Misconfigured,
    RateLimited,
    Rejected,
    Stale,
    TimedOut,
    Unauthorized,
    Unreachable,
)

LABEL = "Send bursts through the bulk importer"
HELP = (
    "When more than 50 people wait for a tag, Meshes hands up to 250 of them to ActiveCampaign's "
    "importer in one request, which is far faster. The price: a tag arrives some seconds later "
    "than by a single call, nothing else is sent to these people until the import has ended "
    "(10 minutes at most), and after a crash an automation may start twice. Automations run as "
    "with single calls. Lists and removals never go this way."
)
MOST_PAGES = 5
BEFORE_SENDING = frozenset({"dns_failed", "connection_refused", "tls_failed"})


class Importer:
    """What ActiveCampaign's importer offers; see `Bulk` for what each part means.

    Why: lists are left out, as the importer may subscribe people again who
    bounced, and says nothing of what a person had decided before.
    """

    __slots__ = ()

    actions: tuple[str, ...] = ("add_tag",)
    most = wire.MOST
    label = LABEL
    help_text = HELP

    def confirmed_name(self, call: Call, target_id: str) -> str:
        """The tag's name as the account has it now; '' when it is gone or ambiguous."""
        try:
            data = ask(call, wire.tag(target_id)).data
        except Stale:
            return ""
        item = next(readers.tags({"tags": [data["tag"]]}), None)
        name = item.label if item and item.id == target_id else ""
        # Other parts of ActiveCampaign join names with commas; a name is never cut here.
        return "" if "," in name or name != name.strip() else name

    def fitting(self, items: Sequence[BulkItem]) -> int:
        """How many of the items, from the first on, fit into one request."""
        return wire.fitting(items)

    def post(self, call: Call, items: Sequence[BulkItem]) -> str:
        """The id of the import."""
        return str(ask(call, wire.post(items)).data["batchId"])

    def is_unqueued(self, error: DestinationError) -> bool:
        """Whether this error of `post` proves that nothing was queued."""
        match error:
            case RateLimited() | Rejected() | Misconfigured() | Stale():
                return True
            case Unauthorized():
                return error.reason != "login_page"  # a 2xx all the same
            case TimedOut():
                return not error.sent
            case Unreachable():
                return error.reason in BEFORE_SENDING
        return False

    def status(self, call: Call, import_id: str) -> BulkStatus:
        """How far the import is."""
        return wire.status(ask(call, wire.info(import_id)).data)

    def is_idle(self, call: Call) -> bool:
        """Whether the account has no import left that waits or runs."""
        return wire.idle(ask(call, wire.overview()).data)

    def read_back(
        self, call: Call, items: Sequence[BulkItem], status: BulkStatus
    ) -> dict[str, BulkSeen]:
        """What became of the people: a page of 100 contacts with their tags at a time."""
        emails = {readers.comparable(item.job.email): item.job.email for item in items}
        refused = (emails.get(readers.comparable(email)) for email in status.refused)
        found = {email: BulkSeen(refused=True) for email in refused if email}
        for read, (ids, page) in enumerate(_pages(call, status.imported), start=1):
            for shown, seen in wire.seen(page, ids=ids, read=read):
                if email := emails.get(readers.comparable(shown)):
                    found[email] = seen
        return found

    def share(self, exchange: Exchange, item: BulkItem, seen: BulkSeen) -> Exchange:
        """The exchange as far as it is about this person, masked."""
        return wire.share(exchange, item, seen)


def _pages(call: Call, ids: Sequence[str]) -> Iterator[tuple[Sequence[str], readers.Data]]:
    for start in range(0, len(ids), PAGE):
        some = ids[start : start + PAGE]
        # An account that ignores the filter would answer with all its contacts.
        for page in islice(pages(call, partial(_page, some)), MOST_PAGES):
            yield some, page


def _page(ids: Sequence[str], offset: int) -> Request:
    return wire.contacts(ids, offset=offset)


BULK = Importer()
