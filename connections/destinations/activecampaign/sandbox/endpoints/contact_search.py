"""Which contacts a query asks for, and in which order. Source: API reference 3.3 and 11.

A misspelt filter is ignored, so that all contacts come back, as in reality.
"""

import operator
from collections.abc import Callable, Iterable
from datetime import datetime

from connections.destinations.activecampaign.sandbox import clock
from connections.destinations.activecampaign.sandbox.call import Call
from connections.destinations.activecampaign.sandbox.endpoints import freshness
from connections.destinations.activecampaign.sandbox.messages import Query, as_id
from connections.destinations.activecampaign.sandbox.rows import Contact
from connections.destinations.activecampaign.sandbox.tables import Data

Test = Callable[[Data, Contact, str], bool]

_SORTS: dict[str, Callable[[Contact], object]] = {
    "id": lambda row: row.id,
    "cdate": lambda row: row.created,
    "udate": lambda row: row.updated,
    "email": lambda row: row.email.lower(),
    "first_name": lambda row: row.first_name.lower(),
    "last_name": lambda row: row.last_name.lower(),
    "name": lambda row: f"{row.first_name} {row.last_name}".lower(),
}


def matching(call: Call) -> list[Contact]:
    """Every contact that passes the filters, ordered; by id when no order is asked."""
    query = call.request.query
    rows = freshness.visible(call, _candidates(call.data, query))
    tests = [(name, test) for name, test in _TESTS.items() if query.get(name)]
    found = [
        row for row in rows if all(test(call.data, row, query.get(name)) for name, test in tests)
    ]
    found = [row for row in found if _passes_filters(query, row) and _has_status(call, row)]
    for name, direction in reversed(query.orders()):
        if name in _SORTS:
            found.sort(key=_SORTS[name], reverse=direction == "desc")  # type: ignore[arg-type]
    return found


def number(query: Query, name: str) -> int:
    """A numeric parameter, 0 when absent."""
    return as_id(query.get(name))


def status(query: Query) -> int:
    """The status asked for; -1 is any."""
    text = query.get("status")
    return as_id(text) if text and not text.startswith("-") else -1


def _candidates(data: Data, query: Query) -> Iterable[Contact]:
    # One look-up instead of a walk: the most frequent question must stay cheap.
    if query.get("email"):
        found = data.contacts.find(query.get("email").lower())
        return [found] if found else []
    if query.every("ids[]"):
        rows = [data.contacts.get(as_id(text)) for text in query.every("ids[]")]
        return [row for row in rows if row]
    return data.contacts


def _has_status(call: Call, row: Contact) -> bool:
    wanted = status(call.request.query)
    if wanted == -1:
        return True
    list_id = number(call.request.query, "listid")
    places = call.data.memberships.of(row.id)
    return any(place.status == wanted for place in places if not list_id or place.list == list_id)


def _passes_filters(query: Query, row: Contact) -> bool:
    compare = {"after": operator.gt, "before": operator.lt}
    for name, conditions in query.filters().items():
        moment, _, side = name.partition("_")
        edge = _day_start(conditions.get("eq", ""))
        if edge is None or moment not in ("created", "updated") or side not in compare:
            continue
        if not compare[side](clock.with_offset(getattr(row, moment)), edge):
            return False
    return True


def _day_start(text: str) -> str | None:
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return None


def _search(data: Data, row: Contact, text: str) -> bool:
    return text.lower() in f"{row.email} {row.first_name} {row.last_name} {row.phone}".lower()


_TESTS: dict[str, Test] = {
    "email_like": lambda data, row, text: text.lower() in row.email.lower(),
    "search": _search,
    "phone": lambda data, row, text: row.phone == text,
    "id_greater": lambda data, row, text: row.id > as_id(text),
    "id_less": lambda data, row, text: row.id < as_id(text),
    "listid": lambda data, row, text: bool(data.memberships.find((row.id, as_id(text)))),
    "tagid": lambda data, row, text: bool(data.contact_tags.find((row.id, as_id(text)))),
    "seriesid": lambda data, row, text: any(
        entry.automation == as_id(text) for entry in data.enrollments.of(row.id)
    ),
}
