"""Tags and the links between contacts and tags. Source: API reference section 4."""

from typing import Any

from connections.destinations.activecampaign.sandbox import clock
from connections.destinations.activecampaign.sandbox.rows import ContactTag, Tag
from connections.destinations.activecampaign.sandbox.shapes import links_to


def listed(tag: Tag, base: str, *, subscribers: int) -> dict[str, Any]:
    """A tag as reads show it."""
    return {
        "tagType": tag.kind,
        "tag": tag.name,
        "description": tag.description,
        "subscriber_count": str(subscribers),
        "cdate": clock.with_offset(tag.created),
        "created_timestamp": clock.without_zone(tag.created),
        "updated_timestamp": clock.without_zone(tag.updated),
        "created_by": None,
        "updated_by": None,
        "links": links_to(base, "tags", tag.id, ("contactGoalTags", "templateTags")),
        "id": str(tag.id),
    }


def written(tag: Tag, base: str) -> dict[str, Any]:
    """A tag as the write that made it shows it, without a subscriber count."""
    return {
        "tag": tag.name,
        "description": tag.description,
        "tagType": tag.kind,
        "cdate": clock.with_offset(tag.created),
        "links": links_to(base, "tags", tag.id, ("contactGoalTags", "templateTags")),
        "id": str(tag.id),
    }


def link_listed(link: ContactTag, base: str) -> dict[str, Any]:
    """A contactTag as reads show it."""
    return {
        "contact": str(link.contact),
        "tag": str(link.tag),
        "cdate": clock.with_offset(link.created),
        "created_timestamp": clock.without_zone(link.created),
        "updated_timestamp": clock.without_zone(link.updated),
        "created_by": None,
        "updated_by": None,
        "links": links_to(base, "contactTags", link.id, ("tag", "contact")),
        "id": str(link.id),
    }


def link_written(link: ContactTag, base: str, sent: dict[str, Any]) -> dict[str, Any]:
    """A contactTag as its write shows it: ids in the type that was sent."""
    return {
        "contact": sent["contact"],
        "tag": sent["tag"],
        "cdate": clock.with_offset(link.created),
        "links": links_to(base, "contactTags", link.id, ("tag", "contact")),
        "id": str(link.id),
    }
