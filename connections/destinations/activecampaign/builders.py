"""Requests as ActiveCampaign wants them; pure, so that a dry run can show them.

Source: ActiveCampaign API v3 reference, sections 1.2, 3, 4, 5 and 6.
"""

from __future__ import annotations

from typing import Literal

from connections.destinations.activecampaign.fields import written
from connections.destinations.base import Job, Request

PAGE = 100
SUBSCRIBED, UNSUBSCRIBED = 1, 2
RESUBSCRIBING = 4


def user() -> Request:
    """Asks who the key belongs to."""
    return Request("user", "GET", "/users/me")


def contact_sync(job: Job) -> Request:
    """Creates or updates the contact with every mapped field."""
    core, custom = written(job)
    contact: dict[str, object] = {"email": job.email, **core}
    if custom:
        contact["fieldValues"] = [{"field": key, "value": value} for key, value in custom.items()]
    return Request("contact_sync", "POST", "/contact/sync", body={"contact": contact})


def contact_find(email: str, *, include: Literal["contactTags", "contactLists"]) -> Request:
    """Looks a contact up by email, with its tags or lists."""
    query = (("email", email), ("include", include))
    return Request("contact_find", "GET", "/contacts", query=query)


def contact_tags(contact_id: str, *, offset: int = 0) -> Request:
    """One page of a contact's links to tags."""
    return Request(
        "contact_tags", "GET", f"/contacts/{contact_id}/contactTags", query=_page(offset)
    )


def contact_lists(contact_id: str, *, offset: int = 0) -> Request:
    """One page of a contact's list memberships."""
    return Request(
        "contact_lists", "GET", f"/contacts/{contact_id}/contactLists", query=_page(offset)
    )


def tag_add(contact_id: str, tag_id: str) -> Request:
    """Gives a contact a tag."""
    body = {"contactTag": {"contact": contact_id, "tag": tag_id}}
    return Request("tag_add", "POST", "/contactTags", body=body)


def tag_remove(link_id: str) -> Request:
    """Takes a tag away; the id is the link's, not the tag's."""
    return Request("tag_remove", "DELETE", f"/contactTags/{link_id}")


def list_set(contact_id: str, list_id: str, status: int, *, resubscribe: bool = False) -> Request:
    """Subscribes a contact to a list or unsubscribes it."""
    membership: dict[str, object] = {"list": list_id, "contact": contact_id, "status": status}
    if resubscribe:
        membership["sourceid"] = RESUBSCRIBING
    return Request("list_set", "POST", "/contactLists", body={"contactList": membership})


def contact_delete(contact_id: str) -> Request:
    """Deletes a contact; its id never comes back."""
    return Request("contact_delete", "DELETE", f"/contacts/{contact_id}")


def tags(*, offset: int = 0, limit: int = PAGE) -> Request:
    """One page of all tags."""
    return Request("tags", "GET", "/tags", query=_page(offset, limit))


def tags_named(name: str, *, exact: bool, offset: int = 0) -> Request:
    """One page of the tags whose name equals or contains the name."""
    key = "filters[search][eq]" if exact else "search"
    return Request("tags", "GET", "/tags", query=((key, name), *_page(offset)))


def lists(*, offset: int = 0, limit: int = PAGE) -> Request:
    """One page of all lists."""
    return Request("lists", "GET", "/lists", query=_page(offset, limit))


def lists_named(name: str, *, offset: int = 0) -> Request:
    """One page of the lists with that name."""
    return Request("lists", "GET", "/lists", query=(("filters[name]", name), *_page(offset)))


def fields(*, offset: int = 0) -> Request:
    """One page of all custom contact fields with their options."""
    return Request("fields", "GET", "/fields", query=_page(offset))


def _page(offset: int, limit: int = PAGE) -> tuple[tuple[str, str], ...]:
    return (("limit", str(limit)), ("offset", str(offset)))
