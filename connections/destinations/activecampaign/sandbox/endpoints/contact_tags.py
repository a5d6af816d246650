"""Adding a tag to a contact and taking it away. Source: API reference sections 4.3 and 4.4."""

from connections.destinations.activecampaign.sandbox import changes, refusals
from connections.destinations.activecampaign.sandbox.call import Call, Json, existing
from connections.destinations.activecampaign.sandbox.endpoints import freshness
from connections.destinations.activecampaign.sandbox.messages import Answer, as_id, json_answer
from connections.destinations.activecampaign.sandbox.rows import Contact, Tag
from connections.destinations.activecampaign.sandbox.shapes import contact as contact_shapes
from connections.destinations.activecampaign.sandbox.shapes import tag as shapes


def create(call: Call) -> Answer:
    """Add the tag: 201, or 200 with the same link id when the contact holds it already."""
    given = call.given("contactTag")
    _vanish(call, given)
    contact = _contact(call, given)
    tag = _tag(call, given)
    link, created = changes.tag_contact(call.data, contact, tag, now=call.now)
    payload = {
        "contacts": [contact_shapes.full(contact, call.base)],
        "contactTag": shapes.link_written(link, call.base, given),
    }
    return json_answer(payload, 201 if created else 200)


def delete(call: Call) -> Answer:
    """Take a tag away by the link's id; a link that is gone gives 404."""
    link = call.row(call.data.contact_tags, "SubscriberTag")
    changes.untag_contact(call.data, link, now=call.now)
    return json_answer({})


def index(call: Call) -> Answer:
    """A page of all links, with meta."""
    links = freshness.visible(call, call.data.contact_tags)
    return call.collection("contactTags", links, lambda row: shapes.link_listed(row, call.base))


def show(call: Call) -> Answer:
    """One link."""
    link = call.row(call.data.contact_tags, "SubscriberTag")
    return json_answer({"contactTag": shapes.link_listed(link, call.base)})


def show_tag(call: Call) -> Answer:
    """The tag that a link leads to."""
    link = call.row(call.data.contact_tags, "SubscriberTag")
    tag = existing(call.data.tags, "Tag", link.tag)
    held = sum(row.tag == tag.id for row in call.data.contact_tags)
    return json_answer({"tag": shapes.listed(tag, call.base, subscribers=held)})


def _contact(call: Call, given: Json) -> Contact:
    if not given.get("contact"):
        raise refusals.missing_attribute("contact")
    contact = call.data.contacts.get(as_id(given["contact"]))
    if contact is None:
        raise refusals.contact_not_found()
    return contact


def _tag(call: Call, given: Json) -> Tag:
    tag_id = as_id(given.get("tag"))
    if not tag_id:
        switch = call.switch("missing_tag_status")
        raise refusals.no_tag_id(switch["status"] if switch else 422)
    return existing(call.data.tags, "Tag", tag_id)


def _vanish(call: Call, given: Json) -> None:
    contact = call.data.contacts.get(as_id(given.get("contact")))
    if contact and call.switch("contact_vanishes") is not None:
        changes.drop_contact(call.data, contact)
    tag = call.data.tags.get(as_id(given.get("tag")))
    if tag and call.switch("tag_vanishes") is not None:
        changes.drop_tag(call.data, tag)
