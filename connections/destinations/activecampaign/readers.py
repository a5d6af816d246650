"""What the answers say, in our words; pure.

Source: ActiveCampaign API v3 reference, sections 1.2, 2, 3.1, 3.3, 4, 5 and 6.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import idna

from connections.destinations.activecampaign.fields import TYPES
from connections.destinations.base import CatalogItem

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A contact as an answer shows it.

    Shape: `brand_new` is True only when nobody can have set a state on it,
    `bounced` when its mailbox refuses mail for good.
    """

    id: str
    email: str
    brand_new: bool = False
    bounced: bool = False


def synced(data: Data, *, status: int) -> Found:
    """The contact of a sync; its id is empty when the answer has none.

    Why: 201 alone does not prove a creation, some accounts answer it for
    updates too; only a created contact comes in the short shape.
    """
    contact = _object(data.get("contact"))
    short = "sentcnt" not in contact and contact.get("cdate") == contact.get("udate")
    return Found(_id(contact), str(contact.get("email") or ""), status == 201 and short)


def found(data: Data, *, email: str) -> Found | None:
    """The contact with that email among those of a search, or None.

    Why: a filter that is not understood answers with strangers.
    """
    for contact in _objects(data.get("contacts")):
        if _id(contact) and same_email(str(contact.get("email") or ""), email):
            bounced = str(contact.get("bounced_hard") or "0") != "0"
            return Found(_id(contact), email, bounced=bounced)
    return None


def has_contacts(data: Data) -> bool:
    """Whether a search answered with any contact."""
    return any(True for _ in _objects(data.get("contacts")))


def shown_email(data: Data) -> str:
    """The email of the contact that a tag or list write shows, if any."""
    contact = next(_objects(data.get("contacts")), {})
    return str(contact.get("email") or "")


def same_email(one: str, other: str) -> bool:
    """Whether two spellings name one mailbox to ActiveCampaign."""
    return comparable(one) == comparable(other)


def links(rows: Any, *, contact_id: str) -> dict[str, str]:
    """A contact's links: tag id to link id.

    Shape: rows of other contacts are left out.
    """
    return {str(row.get("tag")): _id(row) for row in _of(rows, contact_id) if _id(row)}


def memberships(rows: Any, *, contact_id: str) -> dict[str, str]:
    """A contact's list states: list id to status, `1` for active."""
    return {str(row.get("list")): str(row.get("status")) for row in _of(rows, contact_id)}


def link_id(data: Data) -> str:
    """The id of the link that a tag write made or found."""
    return _id(_object(data.get("contactTag")))


def total(data: Data) -> int | None:
    """How many items there are in all, or None when the answer does not say."""
    count = str(_object(data.get("meta")).get("total"))
    return int(count) if count.isdecimal() else None


def user_id(data: Data) -> str:
    """The id of the key's owner; empty when the answer shows none."""
    return _id(_object(data.get("user")))


def account_name(data: Data) -> str:
    """The account's name as the links of the key's owner show it."""
    for link in _object(_object(data.get("user")).get("links")).values():
        host = urlsplit(str(link)).hostname or ""
        if host:
            return host.removesuffix(".api-us1.com")
    return ""


def tags(data: Data) -> Iterator[CatalogItem]:
    """The contact tags of a page; tags of templates are left out."""
    for row in _objects(data.get("tags")):
        if _id(row) and str(row.get("tagType") or "contact") == "contact":
            yield CatalogItem(kind="tag", id=_id(row), label=str(row.get("tag") or ""))


def lists(data: Data) -> Iterator[CatalogItem]:
    """The lists of a page."""
    for row in _objects(data.get("lists")):
        if _id(row):
            detail = _texts(row, "stringid", "channel")
            yield CatalogItem(
                kind="list", id=_id(row), label=str(row.get("name") or ""), detail=detail
            )


def fields(data: Data) -> Iterator[CatalogItem]:
    """The custom fields of a page with their options in order."""
    options = sorted(_objects(data.get("fieldOptions")), key=_order)
    for row in _objects(data.get("fields")):
        wire_type = str(row.get("type") or "").lower()
        values = (str(o.get("value") or "") for o in options if str(o.get("field")) == _id(row))
        yield CatalogItem(
            kind="field",
            id=_id(row),
            label=str(row.get("title") or ""),
            type=TYPES.get(wire_type, "string"),
            options=tuple(value for value in values if value),
            detail={**_texts(row, "perstag"), "wire_type": wire_type},
        )


def named(items: Iterable[CatalogItem], *, label: str) -> CatalogItem | None:
    """The item of exactly that name, in any case, or None."""
    wanted = label.strip().casefold()
    return next((item for item in items if item.label.strip().casefold() == wanted), None)


def comparable(email: str) -> str:
    """The spelling under which two emails of one mailbox are equal."""
    local, at, domain = email.strip().casefold().rpartition("@")
    with suppress(idna.IDNAError):
        domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    return local + at + domain


def _object(value: Any) -> Data:
    # An empty object of theirs comes as an empty list.
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> Iterator[Data]:
    items = value if isinstance(value, list) else []
    return (item for item in items if isinstance(item, dict))


def _of(rows: Any, contact_id: str) -> Iterator[Data]:
    return (row for row in _objects(rows) if str(row.get("contact", contact_id)) == contact_id)


def _id(row: Data) -> str:
    return str(row.get("id") or "")


def _texts(row: Data, *keys: str) -> dict[str, str]:
    return {key: str(row[key]) for key in keys if row.get(key)}


def _order(option: Data) -> tuple[int, int]:
    position, own = str(option.get("orderid")), _id(option)
    return (int(position) if position.isdecimal() else 0, int(own) if own.isdecimal() else 0)
