"""Custom fields, their options and places. Source: API reference sections 6.1 and 6.2."""

from collections.abc import Iterable
from typing import Any

from connections.destinations.activecampaign.sandbox import changes, refusals
from connections.destinations.activecampaign.sandbox.call import Call, Json, existing
from connections.destinations.activecampaign.sandbox.messages import (
    Answer,
    Refusal,
    as_id,
    as_text,
    json_answer,
)
from connections.destinations.activecampaign.sandbox.rows import Field, FieldRel
from connections.destinations.activecampaign.sandbox.shapes import custom_field as shapes


def index(call: Call) -> Answer:
    """A page of fields, their options and places beside them; 100 unless switched to 20."""
    wanted = call.request.query.filters().get("perstag", {}).get("eq", "").upper()
    rows = [row for row in call.data.fields if not wanted or row.perstag == wanted]
    default = 100 if call.switch("short_field_pages") is None else 20
    limit, offset = call.request.query.page(default)
    page = rows[offset : offset + limit]
    meta = {"total": str(len(rows)), "selected": None}
    return json_answer(
        {**_beside(call, page), "fields": [_listed(call, row) for row in page], "meta": meta}
    )


def show(call: Call) -> Answer:
    """One field, its options and places beside it."""
    row = call.row(call.data.fields, "Field")
    return json_answer({**_beside(call, [row]), "field": _listed(call, row)})


def create(call: Call) -> Answer:
    """Make a field; its personalization tag is the title in capitals unless given."""
    given = call.given("field")
    title = as_text(given.get("title")).strip()
    if not title:
        raise _refused("The field title was not provided", "field_missing")
    _check_free(call, title)
    row = Field(
        title=title,
        type=as_text(given.get("type")) or "text",
        perstag=_perstag(as_text(given.get("perstag")) or title),
        descript=as_text(given.get("descript")),
        ordernum=len(call.data.fields) + 1,
        created=call.now,
        updated=call.now,
    )
    call.data.fields.add(row)
    return json_answer({"field": shapes.field_written(row, call.base)}, 201)


def update(call: Call) -> Answer:
    """Change a field."""
    row = call.row(call.data.fields, "Field")
    given = call.given("field")
    title = as_text(given.get("title")).strip() or row.title
    if title.lower() != row.title.lower():
        _check_free(call, title)
    texts = {name: as_text(given[name]) for name in ("type", "descript") if name in given}
    call.data.fields.change(row, title=title, updated=call.now, **texts)
    return json_answer({"field": _listed(call, row)})


def delete(call: Call) -> Answer:
    """Delete a field with its values."""
    changes.drop_field(call.data, call.row(call.data.fields, "Field"))
    return json_answer({})


def options(call: Call) -> Answer:
    """The options of one field, without meta."""
    row = call.row(call.data.fields, "Field")
    shaped = [shapes.option(item, call.base) for item in call.data.options.of(row.id)]
    return json_answer({"fieldOptions": shaped})


def relations(call: Call) -> Answer:
    """The places of one field, without meta."""
    row = call.row(call.data.fields, "Field")
    return json_answer({"fieldRels": [shapes.rel(rel) for rel in call.data.rels.of(row.id)]})


def place(call: Call) -> Answer:
    """Show a field for a list, or for all when relid is 0."""
    given = call.given("fieldRel")
    field = existing(call.data.fields, "Field", given.get("field"))
    relid = as_id(given.get("relid"))
    row = call.data.rels.find((field.id, relid))
    if row is None:
        fresh = FieldRel(field=field.id, relid=relid, created=call.now, updated=call.now)
        row = call.data.rels.add(fresh)
    return json_answer({"fieldRel": shapes.rel(row)}, 201)


def _beside(call: Call, page: Iterable[Field]) -> Json:
    data = call.data
    found = [option for row in page for option in data.options.of(row.id)]
    rels = [rel for row in page for rel in data.rels.of(row.id)]
    return {
        "fieldOptions": [shapes.option(row, call.base) for row in found],
        "fieldRels": [shapes.rel(row) for row in rels],
    }


def _listed(call: Call, row: Field) -> dict[str, Any]:
    found, rels = call.data.options.of(row.id), call.data.rels.of(row.id)
    return shapes.field_listed(row, call.base, options=found, rels=rels)


def _check_free(call: Call, title: str) -> None:
    if call.data.fields.find(title.lower()):
        raise _refused("There is already a field with this title", "duplicate")


def _refused(title: str, code: str) -> Refusal:
    pointer = {"pointer": "/data/attributes/title"}
    return refusals.errors(422, {"title": title, "detail": "", "code": code, "source": pointer})


def _perstag(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum() or letter == "_")
