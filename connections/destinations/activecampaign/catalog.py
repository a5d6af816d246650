"""Reads what the account really offers, and whether the key may read it.

Source: ActiveCampaign API v3 reference, sections 1.2, 4.1, 5.1, 6.1 and 11.
"""

from __future__ import annotations

from collections.abc import Iterator

from connections.destinations.activecampaign import builders, readers
from connections.destinations.activecampaign.asking import Reply, ask, pages
from connections.destinations.base import Call, CatalogItem, Checked, Request
from connections.destinations.errors import Misconfigured, Unauthorized


def read_catalog(call: Call) -> Iterator[CatalogItem]:
    """Every contact tag, list and custom field of the account."""
    for page, items in (
        (_tags, readers.tags),
        (_lists, readers.lists),
        (_fields, readers.fields),
    ):
        for data in pages(call, page):
            yield from items(data)


def probe(call: Call) -> None:
    """Nothing when the key works; raises an error of `errors` when not."""
    _user(call)


def check(call: Call) -> Checked:
    """The account's name and counts, and what the key may not read."""
    user = _user(call)
    lists, no_lists = _counted(call, builders.lists(limit=1))
    tags, no_tags = _counted(call, builders.tags(limit=1))
    missing = (("lists",) if no_lists else ()) + (("tags",) if no_tags else ())
    return Checked(readers.account_name(user.data), tags=tags, lists=lists, missing=missing)


def _user(call: Call) -> Reply:
    reply = ask(call, builders.user())
    if not readers.user_id(reply.data):
        raise Unauthorized(
            "login_page", "ActiveCampaign does not say who the API key belongs to.", certain=False
        )
    return reply


def _counted(call: Call, request: Request) -> tuple[int | None, bool]:
    # The key has just proved itself, so a refusal here is about rights.
    try:
        return readers.total(ask(call, request).data), False
    except Misconfigured as error:
        if error.reason != "permission_denied":
            raise
    except Unauthorized as error:
        if error.reason != "forbidden":
            raise
    return None, True


def _tags(offset: int) -> Request:
    return builders.tags(offset=offset)


def _lists(offset: int) -> Request:
    return builders.lists(offset=offset)


def _fields(offset: int) -> Request:
    return builders.fields(offset=offset)
