"""The requests that a job makes for a contact nobody knows yet; pure, for a dry run.

What only ActiveCampaign's answers can tell stands in braces.
"""

from __future__ import annotations

from connections.destinations.activecampaign import builders
from connections.destinations.base import Job, Request

CONTACT, LINK = "{contact id}", "{id of the contact's link to the tag}"


def preview(job: Job) -> tuple[Request, ...]:
    """The requests in their order; empty for an action that this release does not know.

    Shape: a tag is taken away only from a contact that holds it.
    """
    target = job.target_id
    again = (builders.contact_tags(CONTACT), builders.tag_remove(LINK)) if job.restart else ()
    found = {
        "add_tag": (builders.contact_sync, *again, builders.tag_add(CONTACT, target)),
        "add_to_list": (
            builders.contact_sync,
            builders.list_set(CONTACT, target, builders.SUBSCRIBED),
        ),
        "sync_contact": (builders.contact_sync,),
        "remove_tag": (
            builders.contact_find(job.email, include="contactTags"),
            builders.tag_remove(LINK),
        ),
        "remove_from_list": (
            builders.contact_find(job.email, include="contactLists"),
            builders.list_set(CONTACT, target, builders.UNSUBSCRIBED),
        ),
    }
    steps = found.get(job.action, ())
    return tuple(step if isinstance(step, Request) else step(job) for step in steps)
