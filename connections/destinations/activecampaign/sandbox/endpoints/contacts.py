"""Reading and deleting contacts. Source: API reference section 3.3."""

from typing import Any
from uuid import uuid4

from connections.destinations.activecampaign.sandbox import changes
from connections.destinations.activecampaign.sandbox.call import Call, Json
from connections.destinations.activecampaign.sandbox.endpoints import (
    contact_links,
    contact_search,
)
from connections.destinations.activecampaign.sandbox.messages import Answer, json_answer
from connections.destinations.activecampaign.sandbox.rows import Contact
from connections.destinations.activecampaign.sandbox.shapes import contact as shapes

SIDELOADS = ("contactTags", "contactLists", "fieldValues", "contactAutomations")


def index(call: Call) -> Answer:
    """A page of contacts; a stranger's email gives an empty page, no filter gives all."""
    found = contact_search.matching(call)
    limit, offset = call.request.query.page()
    page = found[offset : offset + limit]
    return json_answer(
        {
            "scoreValues": [],
            **_sideloaded(call, page),
            "contacts": [_listed(call, contact) for contact in page],
            "meta": _meta(call, total=len(found), limit=limit, offset=offset),
        }
    )


def show(call: Call) -> Answer:
    """One contact with what hangs on it; heavy, as in reality."""
    contact = call.contact()
    shaped = shapes.full(contact, call.base)
    nested: Json = {name: contact_links.shaped(call, contact, name) for name in SIDELOADS}
    for name, items in nested.items():
        shaped[name] = [item["id"] for item in items]
    del nested["contactTags"]
    return json_answer(
        {**nested, "deals": [], "geoIps": [], "accountContacts": [], "contact": shaped}
    )


def delete(call: Call) -> Answer:
    """Delete; the id is gone for good."""
    changes.drop_contact(call.data, call.contact())
    return json_answer({})


def _listed(call: Call, contact: Contact) -> Json:
    shaped = shapes.full(contact, call.base)
    for name in _asked(call):
        items = contact_links.shaped(call, contact, name)
        shaped[name] = [item["id"] for item in items]
    return {**shaped, "scoreValues": [], "accountContacts": []}


def _sideloaded(call: Call, page: list[Contact]) -> dict[str, list[Json]]:
    return {
        name: [item for contact in page for item in contact_links.shaped(call, contact, name)]
        for name in _asked(call)
    }


def _asked(call: Call) -> list[str]:
    asked = call.request.query.get("include").split(",")
    return [name for name in SIDELOADS if name in asked]


def _meta(call: Call, *, total: int, limit: int, offset: int) -> Json:
    query = call.request.query
    page_input: dict[str, Any] = {
        "segmentid": 0,
        "formid": 0,
        "listid": contact_search.number(query, "listid"),
        "tagid": contact_search.number(query, "tagid"),
        "limit": limit,
        "offset": offset,
        "search": query.get("search") or None,
        "sort": None,
        "seriesid": contact_search.number(query, "seriesid"),
        "waitid": 0,
        "status": contact_search.status(query),
        "forceQuery": 0,
        "cacheid": uuid4().hex,
    }
    if query.get("email"):
        page_input["email"] = query.get("email")
    return {"page_input": page_input, "total": str(total), "sortable": True}
