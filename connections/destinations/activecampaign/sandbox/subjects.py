"""Whom and what a request is about, so that a reader of the log need not know ids.

Pure; callers hold the account's lock.
"""

from typing import Any

from connections.destinations.activecampaign.sandbox.messages import Request, as_id
from connections.destinations.activecampaign.sandbox.tables import Data

Subject = dict[str, str]


def subject_of(request: Request, data: Data) -> Subject:
    """The contact's email, and the target and what a write makes of it.

    Shape: `email` always, empty when the request names no contact that exists;
    `kind` is tag, list or contact, `target` its id and `wanted` is add, remove,
    sync or a list status: for writes alone.
    """
    segments = request.segments[2:]
    if request.method == "DELETE" and segments[:1] == ("contactTags",):
        return _untagged(as_id(segments[-1]), data)
    if request.method == "POST":
        return _written("/".join(segments), request.body, data)
    if segments[:1] == ("contacts",) and len(segments) > 1:
        return {"email": _email(segments[1], data)}
    return {"email": request.query.get("email").strip().lower()}


def _written(path: str, body: Any, data: Data) -> Subject:
    if path == "contactTags":
        given = _object(body, "contactTag")
        email = _email(given.get("contact"), data)
        return _subject(email, kind="tag", target=given.get("tag"), wanted="add")
    if path == "contactLists":
        given = _object(body, "contactList")
        email = _email(given.get("contact"), data)
        return _subject(email, kind="list", target=given.get("list"), wanted=given.get("status"))
    email = str(_object(body, "contact").get("email") or "").strip().lower()
    return _subject(email, kind="contact", target="", wanted="sync") if email else {"email": ""}


def _untagged(link_id: int, data: Data) -> Subject:
    link = data.contact_tags.get(link_id)
    if link is None:
        return {"email": ""}
    return _subject(_email(link.contact, data), kind="tag", target=link.tag, wanted="remove")


def _subject(email: str, *, kind: str, target: Any, wanted: Any) -> Subject:
    return {"email": email, "kind": kind, "target": str(target), "wanted": str(wanted)}


def _email(contact_id: Any, data: Data) -> str:
    contact = data.contacts.get(as_id(contact_id))
    return contact.email.lower() if contact else ""


def _object(body: Any, name: str) -> dict[str, Any]:
    inner = body.get(name) if isinstance(body, dict) else None
    return inner if isinstance(inner, dict) else {}
