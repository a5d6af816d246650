"""Custom fields, their options, places and values. Source: API reference section 6."""

from typing import Any

from connections.destinations.activecampaign.sandbox import clock
from connections.destinations.activecampaign.sandbox.rows import (
    Field,
    FieldOption,
    FieldRel,
    FieldValue,
)
from connections.destinations.activecampaign.sandbox.shapes import links_to


def field_listed(
    row: Field, base: str, *, options: list[FieldOption], rels: list[FieldRel]
) -> dict[str, Any]:
    """A field as reads show it; options and relations are ids into the sideloads."""
    return {
        "title": row.title,
        "descript": row.descript,
        "type": row.type,
        "isrequired": "0",
        "perstag": row.perstag,
        "defval": None,
        "show_in_list": "0",
        "rows": "0",
        "cols": "0",
        "visible": "1",
        "service": "",
        "ordernum": str(row.ordernum),
        "cdate": clock.with_offset(row.created),
        "udate": clock.with_offset(row.updated),
        "created_timestamp": clock.without_zone(row.created),
        "updated_timestamp": clock.without_zone(row.updated),
        "created_by": "1",
        "updated_by": "1",
        "options": [str(option.id) for option in options],
        "relations": [str(rel.id) for rel in rels],
        "links": links_to(base, "fields", row.id, ("options", "relations")),
        "id": str(row.id),
    }


def field_written(row: Field, base: str) -> dict[str, Any]:
    """A field as the write that made it shows it: ordernum is a number here."""
    return {**field_listed(row, base, options=[], rels=[]), "ordernum": row.ordernum}


def option(row: FieldOption, base: str) -> dict[str, Any]:
    """One choice of a field."""
    return {
        "field": str(row.field),
        "orderid": str(row.orderid),
        "value": row.value,
        "label": row.label,
        "isdefault": "1" if row.isdefault else "0",
        "cdate": clock.with_offset(row.created),
        "udate": clock.with_offset(row.updated),
        "links": links_to(base, "fieldOptions", row.id, ("field",)),
        "id": str(row.id),
    }


def rel(row: FieldRel) -> dict[str, Any]:
    """Where a field is shown; it has no links, so PHP writes an empty array."""
    return {
        "field": str(row.field),
        "relid": str(row.relid),
        "dorder": "0",
        "cdate": clock.with_offset(row.created),
        "links": [],
        "id": str(row.id),
    }


def value(row: FieldValue, base: str) -> dict[str, Any]:
    """A value of a contact's field, as sync and reads show it."""
    return {
        "contact": str(row.contact),
        "field": str(row.field),
        "value": row.value,
        "cdate": clock.with_offset(row.created),
        "udate": clock.with_offset(row.updated),
        "created_by": None,
        "updated_by": None,
        "links": links_to(base, "fieldValues", row.id, ("owner", "field")),
        "id": str(row.id),
        "owner": str(row.contact),
    }
