"""Collections nested under a contact; they carry no meta. Source: API reference 2, 4.4, 5.2."""

from connections.destinations.activecampaign.sandbox import refusals
from connections.destinations.activecampaign.sandbox.call import Call, Json
from connections.destinations.activecampaign.sandbox.endpoints import automations, freshness
from connections.destinations.activecampaign.sandbox.messages import Answer, json_answer
from connections.destinations.activecampaign.sandbox.rows import Contact
from connections.destinations.activecampaign.sandbox.shapes import (
    custom_field,
    mailing_list,
    tag,
)

EMPTY = ("bounceLogs", "contactData", "contactGoals", "contactLogs", "contactDeals", "deals")
ALSO_EMPTY = ("geoIps", "notes", "plusAppend", "trackingLogs", "scoreValues", "accountContacts")


def nested(call: Call) -> Answer:
    """What hangs on a contact, a page at a time when asked for one."""
    contact = call.contact()
    name = call.args[1]
    if name in EMPTY + ALSO_EMPTY:
        return json_answer({name: []})
    items = shaped(call, contact, name)
    limit, offset = call.request.query.page(default=100)
    return json_answer({name: items[offset : offset + limit]})


def shaped(call: Call, contact: Contact, name: str) -> list[Json]:
    """The nested objects of one kind.

    Raises: Refusal for a kind that does not exist.
    """
    data, base = call.data, call.base
    if name == "contactTags":
        links = freshness.visible(call, data.contact_tags.of(contact.id))
        return [tag.link_listed(link, base) for link in links]
    if name == "contactLists":
        rows = freshness.visible(call, data.memberships.of(contact.id))
        return [mailing_list.membership_listed(row, contact, base) for row in rows]
    if name == "fieldValues":
        return [custom_field.value(row, base) for row in data.values.of(contact.id)]
    if name == "contactAutomations":
        entries = data.enrollments.of(contact.id)
        return [automations.shaped_entry(call, row) for row in entries]
    raise refusals.no_route()
