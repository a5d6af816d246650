"""Values of custom fields, one by one. Source: API reference section 6.3."""

from connections.destinations.activecampaign.sandbox import changes, refusals
from connections.destinations.activecampaign.sandbox.call import Call, existing
from connections.destinations.activecampaign.sandbox.messages import (
    Answer,
    as_id,
    as_text,
    json_answer,
)
from connections.destinations.activecampaign.sandbox.rows import FieldValue
from connections.destinations.activecampaign.sandbox.shapes import contact as contact_shapes
from connections.destinations.activecampaign.sandbox.shapes import custom_field as shapes


def create(call: Call) -> Answer:
    """Set a contact's value of a field, replacing an earlier one."""
    given = call.given("fieldValue")
    contact = existing(call.data.contacts, "Subscriber", given.get("contact"))
    field = call.data.fields.get(as_id(given.get("field")))
    if field is None:
        raise refusals.errors(422, {"title": "Field id not valid", "detail": ""})
    text = as_text(given.get("value"))
    row, created = changes.set_value(call.data, contact, field, text, now=call.now)
    return _written(call, row, 201 if created else 200)


def update(call: Call) -> Answer:
    """Change a value by its id."""
    row = call.row(call.data.values, "FieldValue")
    text = as_text(call.given("fieldValue").get("value"))
    call.data.values.change(row, value=text, updated=call.now)
    return _written(call, row, 200)


def delete(call: Call) -> Answer:
    """Delete a value."""
    call.data.values.remove(call.row(call.data.values, "FieldValue"))
    return json_answer({})


def show(call: Call) -> Answer:
    """One value."""
    row = call.row(call.data.values, "FieldValue")
    return json_answer({"fieldValue": shapes.value(row, call.base)})


def index(call: Call) -> Answer:
    """A page of values, by field id and value when asked."""
    filters = call.request.query.filters()
    field_id, wanted = filters.get("fieldid", {}).get("eq"), filters.get("val", {}).get("eq")
    rows = [
        row
        for row in call.data.values
        if (not field_id or row.field == as_id(field_id)) and (not wanted or row.value == wanted)
    ]
    return call.collection("fieldValues", rows, lambda row: shapes.value(row, call.base))


def _written(call: Call, row: FieldValue, status: int) -> Answer:
    contact = existing(call.data.contacts, "Subscriber", row.contact)
    payload = {
        "contacts": [contact_shapes.full(contact, call.base)],
        "fieldValue": shapes.value(row, call.base),
    }
    return json_answer(payload, status)
