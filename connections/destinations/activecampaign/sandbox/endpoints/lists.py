"""Lists, their sharing with groups, and exclusions. Source: API reference section 5.1."""

from connections.destinations.activecampaign.sandbox import changes, refusals
from connections.destinations.activecampaign.sandbox.call import Call, existing
from connections.destinations.activecampaign.sandbox.messages import (
    Answer,
    as_id,
    as_text,
    json_answer,
)
from connections.destinations.activecampaign.sandbox.rows import MailingList
from connections.destinations.activecampaign.sandbox.shapes import mailing_list as shapes

REQUIRED = ("name", "stringid", "sender_url", "sender_reminder")


def index(call: Call) -> Answer:
    """A page of the lists that the key's owner may see."""
    hidden = call.switch("hide_unshared_lists") is not None
    rows = [row for row in call.data.lists if row.shared or not hidden]
    rows = [row for row in rows if _matches(call, row)]
    direction = dict(call.request.query.orders()).get("name")
    if direction:
        rows.sort(key=lambda row: row.name.lower(), reverse=direction == "desc")
    return call.collection("lists", rows, lambda row: shapes.mailing_list(row, call.base))


def show(call: Call) -> Answer:
    """One list; 403 when it is not shared and sharing matters."""
    row = call.row(call.data.lists, "List")
    if not row.shared and call.switch("hide_unshared_lists") is not None:
        raise refusals.no_permission("lists")
    return json_answer({"list": shapes.mailing_list(row, call.base)})


def create(call: Call) -> Answer:
    """Make a list; it is not shared with any group yet."""
    given = call.given("list")
    for name in REQUIRED:
        if not given.get(name):
            raise refusals.missing_attribute(name)
    row = MailingList(
        name=as_text(given["name"]),
        stringid=as_text(given["stringid"]),
        sender_url=as_text(given["sender_url"]),
        sender_reminder=as_text(given["sender_reminder"]),
        shared=False,
        created=call.now,
        updated=call.now,
    )
    call.data.lists.add(row)
    return json_answer({"list": shapes.mailing_list(row, call.base)}, 201)


def update(call: Call) -> Answer:
    """Change a list; the answer has no body, as recorded in 2021."""
    row = call.row(call.data.lists, "List")
    given = call.given("list")
    values = {name: as_text(given[name]) for name in REQUIRED if name in given}
    call.data.lists.change(row, updated=call.now, **values)
    return Answer()


def delete(call: Call) -> Answer:
    """Delete a list with its memberships."""
    changes.drop_list(call.data, call.row(call.data.lists, "List"))
    return json_answer({})


def share(call: Call) -> Answer:
    """Share a list with a group."""
    given = call.given("listGroup")
    row = existing(call.data.lists, "List", given.get("listid"))
    group = as_id(given.get("groupid"))
    if not group:
        raise refusals.missing_attribute("groupid")
    row.shared = True
    shaped = {"listid": given["listid"], "groupid": given["groupid"], "links": []}
    return json_answer({"listGroup": {**shaped, "id": str(row.id)}}, 201)


def exclusions(call: Call) -> Answer:
    """The exclusion list; here meta.total is a number."""
    rows = [
        {"matchAgainst": "email", "matchMethod": "exact", "excludeText": email, "id": str(number)}
        for number, email in enumerate(sorted(call.data.excluded), start=1)
    ]
    limit, offset = call.request.query.page()
    page = rows[offset : offset + limit]
    return json_answer({"exclusions": page, "meta": {"total": len(rows)}})


def _matches(call: Call, row: MailingList) -> bool:
    name = row.name.lower()
    signs = {"eq": name.__eq__, "contains": name.__contains__, "starts_with": name.startswith}
    conditions = call.request.query.filters().get("name", {})
    return all(signs[sign](text.lower()) for sign, text in conditions.items() if sign in signs)
