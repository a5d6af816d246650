"""Subscribing and unsubscribing. Source: API reference section 5.2.

A membership is never deleted; repeating a write updates the same row.
"""

from connections.destinations.activecampaign.sandbox import changes, refusals
from connections.destinations.activecampaign.sandbox.call import Call, Json, existing
from connections.destinations.activecampaign.sandbox.endpoints import freshness
from connections.destinations.activecampaign.sandbox.messages import (
    Answer,
    Refusal,
    as_id,
    json_answer,
)
from connections.destinations.activecampaign.sandbox.rows import Contact, MailingList, Membership
from connections.destinations.activecampaign.sandbox.shapes import contact as contact_shapes
from connections.destinations.activecampaign.sandbox.shapes import mailing_list as shapes

STATUSES = ("0", "1", "2", "3")
# What the vendor writes as the source of a membership made through its API.
API_SOURCE = 3


def create(call: Call) -> Answer:
    """Set the contact's status on a list: 201 when new, else 200 with the same id."""
    given = call.given("contactList")
    _check_members(given)
    _vanish(call, given)
    contact, mailing_list = _related(call, given)
    wanted = Membership(
        contact=contact.id,
        list=mailing_list.id,
        status=as_id(given["status"]),
        source=as_id(given.get("sourceid", API_SOURCE)),
    )
    row, created = changes.set_membership(call.data, wanted, now=call.now)
    payload = {
        "contacts": [contact_shapes.full(contact, call.base)],
        "contactList": shapes.membership_written(row, contact, call.base, given),
    }
    return json_answer(payload, 201 if created else 200)


def index(call: Call) -> Answer:
    """A page of all memberships, with meta."""
    rows = freshness.visible(call, call.data.memberships)
    return call.collection("contactLists", rows, lambda row: _listed(call, row))


def show(call: Call) -> Answer:
    """One membership."""
    row = call.row(call.data.memberships, "SubscriberList")
    return json_answer({"contactList": _listed(call, row)})


def _listed(call: Call, row: Membership) -> Json:
    contact = existing(call.data.contacts, "Subscriber", row.contact)
    return shapes.membership_listed(row, contact, call.base)


def _check_members(given: Json) -> None:
    if any(given.get(name) in (None, "") for name in ("list", "contact", "status")):
        raise Refusal(json_answer({}, 400))
    status = given["status"]
    if isinstance(status, bool) or str(status) not in STATUSES:
        raise refusals.bad_choice("status")


def _related(call: Call, given: Json) -> tuple[Contact, MailingList]:
    contact = call.data.contacts.get(as_id(given["contact"]))
    mailing_list = call.data.lists.get(as_id(given["list"]))
    if contact and mailing_list:
        return contact, mailing_list
    items = [] if mailing_list else [refusals.related_missing("list")]
    items += [] if contact else [refusals.related_missing("contact")]
    switch = call.switch("related_missing_status")
    raise refusals.errors(switch["status"] if switch else 422, *items)


def _vanish(call: Call, given: Json) -> None:
    contact = call.data.contacts.get(as_id(given["contact"]))
    if contact and call.switch("contact_vanishes") is not None:
        changes.drop_contact(call.data, contact)
