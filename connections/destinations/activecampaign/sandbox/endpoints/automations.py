"""Automations and enrollment. Source: API reference section 7."""

from connections.destinations.activecampaign.sandbox import changes, refusals
from connections.destinations.activecampaign.sandbox.call import Call, Json
from connections.destinations.activecampaign.sandbox.messages import (
    Answer,
    Refusal,
    as_id,
    json_answer,
)
from connections.destinations.activecampaign.sandbox.rows import Automation, Contact, Enrollment
from connections.destinations.activecampaign.sandbox.shapes import automation as shapes
from connections.destinations.activecampaign.sandbox.shapes import contact as contact_shapes

REFUSED = "Could not create SubscriberSeries"


def index(call: Call) -> Answer:
    """A page of automations with how many entered and left."""
    return call.collection("automations", call.data.automations, lambda row: _shaped(call, row))


def show(call: Call) -> Answer:
    """One automation."""
    return json_answer({"automation": _shaped(call, call.row(call.data.automations, "Series"))})


def enroll(call: Call) -> Answer:
    """Put a contact into an automation; the reasons of a refusal look all the same."""
    given = call.given("contactAutomation")
    contact = call.data.contacts.get(as_id(given.get("contact")))
    automation = call.data.automations.get(as_id(given.get("automation")))
    if not contact or not automation or not automation.active:
        raise _refused(call)
    if _inside(call, contact, automation):
        raise _refused(call)
    row = changes.enroll(call.data, contact, automation, now=call.now, cause="api")
    payload = {
        "contacts": [contact_shapes.full(contact, call.base)],
        "contactAutomation": shaped_entry(call, row),
    }
    return json_answer(payload, 201)


def entries(call: Call) -> Answer:
    """A page of all entries, with meta."""
    rows = call.data.enrollments
    return call.collection("contactAutomations", rows, lambda row: shaped_entry(call, row))


def show_entry(call: Call) -> Answer:
    """One entry; unknown is 404."""
    row = call.row(call.data.enrollments, "SubscriberSeries")
    return json_answer({"contactAutomation": shaped_entry(call, row)})


def leave(call: Call) -> Answer:
    """Take a contact out; unknown is 403 here, by the documentation."""
    row = call.data.enrollments.get(as_id(call.args[0]))
    if row is None:
        number = as_id(call.args[0])
        raise refusals.forbidden(f"No Result found for SubscriberSeries with id {number}")
    call.data.enrollments.remove(row)
    return json_answer({})


def shaped_entry(call: Call, row: Enrollment) -> Json:
    """An entry as JSON."""
    return shapes.entry(row, call.base, done=_done(call, row))


def _shaped(call: Call, row: Automation) -> Json:
    entered = [entry for entry in call.data.enrollments if entry.automation == row.id]
    exited = sum(_done(call, entry) for entry in entered)
    return shapes.automation(row, call.base, entered=len(entered), exited=exited)


def _done(call: Call, row: Enrollment) -> bool:
    return call.now - row.created >= call.settings.automation_run_s


def _inside(call: Call, contact: Contact, automation: Automation) -> bool:
    return any(
        entry.automation == automation.id and not _done(call, entry)
        for entry in call.data.enrollments.of(contact.id)
    )


def _refused(call: Call) -> Refusal:
    if call.switch("enroll_conflict_422") is None:
        return refusals.forbidden(REFUSED)
    return refusals.errors(422, {"title": "Unprocessable", "detail": REFUSED})
