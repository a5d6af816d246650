"""The bulk importer's requests and answers; pure, and masked where history keeps them.

Source: ActiveCampaign API v3 reference, sections 3.3, 4.2, 8.1 and 8.2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from connections.destinations.activecampaign.builders import PAGE
from connections.destinations.activecampaign.fields import written
from connections.destinations.activecampaign.readers import Data
from connections.destinations.base import Exchange, Request
from connections.destinations.bulk import BulkItem, BulkSeen, BulkStatus
from meshes.redaction import HARMLESS_KEYS, masked_structure

MOST = 250
MOST_BYTES = 399_999
ENDS = ("completed", "failed", "interrupted")
# Not the names that a sync uses: camelCase is dropped silently here.
CORE = {"firstName": "first_name", "lastName": "last_name", "phone": "phone"}
OF_ALL = ("success", "queued_contacts", "batchId", "message")
STATUS = re.compile(r'"status": "?(\w+)')


def tag(tag_id: str) -> Request:
    """Reads one tag."""
    return Request("tag", "GET", f"/tags/{tag_id}")


def post(items: Iterable[BulkItem]) -> Request:
    """Queues the import of these people; automations run, as with single calls."""
    contacts = [contact(item) for item in items]
    body = {"contacts": contacts, "exclude_automations": False}
    return Request("import_post", "POST", "/import/bulk_import", body=body)


def contact(item: BulkItem) -> dict[str, Any]:
    """One person of an import; what is left out stays as it is."""
    person: dict[str, Any] = {"email": item.job.email, "tags": [item.target]}
    if item.with_fields:
        core, custom = written(item.job)
        person |= {CORE[key]: value for key, value in core.items()}
        if custom:
            person["fields"] = [{"id": int(key), "value": text} for key, text in custom.items()]
    return person


def fitting(items: Sequence[BulkItem]) -> int:
    """How many items, from the first on, fit into one request."""
    size = len(json.dumps(post(()).body).encode())
    for number, item in enumerate(items[:MOST]):
        size += len(json.dumps(contact(item)).encode()) + len(", ")
        if size > MOST_BYTES:
            return number
    return min(len(items), MOST)


def info(import_id: str) -> Request:
    """Asks how far an import is."""
    return Request("import_info", "GET", "/import/info", query=(("batchId", import_id),))


def overview() -> Request:
    """Asks which imports of the account are not done."""
    return Request("import_all", "GET", "/import/bulk_import")


def contacts(ids: Iterable[str], *, offset: int = 0) -> Request:
    """One page of these contacts with their tags."""
    asked = tuple(("ids[]", contact_id) for contact_id in ids)
    page = (("include", "contactTags"), ("limit", str(PAGE)), ("offset", str(offset)))
    return Request("contacts", "GET", "/contacts", query=(*asked, *page))


def status(data: Data) -> BulkStatus:
    """How far the import is, with every word that means an end."""
    word = data.get("status")
    state = word.strip().lower() if isinstance(word, str) else ""
    ids = tuple(text for text in _texts(data.get("success")) if text.isdigit())
    return BulkStatus(state in ENDS, state, ids, tuple(_texts(data.get("failure"))))


def idle(data: Data) -> bool:
    """Whether no import waits or runs."""
    rows = [row for row in data["outstanding"] if isinstance(row, dict)]
    return all(str(row.get("batches", "1")) == "0" for row in rows)


def seen(page: Data, *, ids: Iterable[str], read: int) -> Iterator[tuple[str, BulkSeen]]:
    """Emails with what the contacts of these ids hold, as answer number `read` shows them.

    Why: a filter that is not understood answers with strangers, and a tag
    counts only when the link to it was shown.
    """
    asked = set(ids)
    links: dict[str, list[Data]] = {}
    for link in _objects(page.get("contactTags")):
        links.setdefault(str(link.get("contact")), []).append(link)
    for row in _objects(page["contacts"]):
        contact_id = str(row.get("id"))
        if contact_id in asked:
            own = [link for link in links.get(contact_id, ()) if link.get("id")]
            yield str(row.get("email") or ""), _seen(contact_id, own, read=read)


def _seen(contact_id: str, links: Iterable[Data], *, read: int) -> BulkSeen:
    added = {str(link.get("tag")): _epoch(link.get("cdate")) for link in links}
    return BulkSeen(
        contact_id,
        links={str(link.get("tag")): str(link["id"]) for link in links},
        added={tag_id: at for tag_id, at in added.items() if at is not None},
        read=read,
    )


def share(exchange: Exchange, item: BulkItem, found: BulkSeen) -> Exchange:
    """The exchange as far as it is about this person, masked.

    Shape: what was sent and answered about the others is left out.
    """
    if exchange.method == "POST":
        sent, answered = _masked(post([item]).body), _of_all(exchange.response_body)
        return replace(exchange, request_body=sent, response_body=answered)
    if exchange.path.startswith("/import/info"):
        return replace(exchange, response_body=_own_status(exchange, item, found))
    if exchange.path.startswith("/contacts"):
        links = [{"contact": found.contact_id, "tag": t, "id": i} for t, i in found.links.items()]
        shown = {"contacts": [{"id": found.contact_id}], "contactTags": links}
        path = f"/contacts?ids[]={found.contact_id}&include=contactTags"
        return replace(exchange, path=path, response_body=_masked(shown))
    return exchange


def _of_all(body: str) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        # A capped list of reasons may quote anybody; a page quotes nobody.
        return "" if body.startswith("{") else body
    return _masked({key: answer[key] for key in OF_ALL if key in answer})


def _own_status(exchange: Exchange, item: BulkItem, found: BulkSeen) -> str:
    word = STATUS.search(exchange.response_body)
    done = [found.contact_id] if found.contact_id else []
    refused = [item.job.email] if found.refused else []
    status_shown = word.group(1) if word else None
    return _masked({"status": status_shown, "success": done, "failure": refused})


def _masked(body: Any) -> str:
    return masked_structure(body, keep=HARMLESS_KEYS, hide=())


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    items = value if isinstance(value, list) else []
    return (item for item in items if isinstance(item, dict))


def _texts(value: Any) -> Iterator[str]:
    items = value if isinstance(value, list) else []
    return (str(item) for item in items if isinstance(item, (str, int)))


def _epoch(value: Any) -> float | None:
    with suppress(ValueError):
        moment = datetime.fromisoformat(str(value))
        return moment.timestamp() if moment.tzinfo else None
    return None
