"""Options of choice fields. Source: API reference section 6.2."""

from typing import Any

from connections.destinations.activecampaign.sandbox.call import Call
from connections.destinations.activecampaign.sandbox.messages import (
    Answer,
    Refusal,
    as_id,
    as_text,
    json_answer,
)
from connections.destinations.activecampaign.sandbox.rows import FieldOption
from connections.destinations.activecampaign.sandbox.shapes import custom_field as shapes


def create_many(call: Call) -> Answer:
    """Add options, all or none; for a bad payload `errors` is text, not a list."""
    body = call.request.body
    items = body.get("fieldOptions") if isinstance(body, dict) else None
    if not isinstance(items, list) or not items:
        raise _refused("The fieldOptions were not provided.")
    rows = [_option(call, item) for item in items]
    added = [call.data.options.add(row) for row in rows]
    return json_answer({"fieldOptions": [shapes.option(row, call.base) for row in added]}, 201)


def show(call: Call) -> Answer:
    """One option."""
    row = call.row(call.data.options, "FieldOption")
    return json_answer({"fieldOption": shapes.option(row, call.base)})


def delete(call: Call) -> Answer:
    """Delete an option; the answer has no body, as recorded in 2020."""
    call.data.options.remove(call.row(call.data.options, "FieldOption"))
    return Answer()


def _option(call: Call, item: Any) -> FieldOption:
    if not isinstance(item, dict) or not as_text(item.get("value")):
        raise _refused("Every field option needs a value.")
    field_id = as_id(item.get("field"))
    if call.data.fields.get(field_id) is None:
        raise _refused("Every field option needs the id of an existing field.")
    return FieldOption(
        field=field_id,
        value=as_text(item["value"]),
        label=as_text(item.get("label")) or as_text(item["value"]),
        orderid=as_id(item.get("orderid")),
        isdefault=as_text(item.get("isdefault")) in ("1", "true"),
        created=call.now,
        updated=call.now,
    )


def _refused(sentence: str) -> Refusal:
    return Refusal(json_answer({"errors": sentence}, 422))
