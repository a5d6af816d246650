"""What the control pages can do: faults, settings, reset, and changes to the data."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from connections.destinations.activecampaign.sandbox.accounts import Account
from connections.destinations.activecampaign.sandbox.control_errors import ControlError
from connections.destinations.activecampaign.sandbox.messages import Request, as_id

Json = dict[str, Any]
Deed = Callable[[Account, Json], Json]


def perform(request: Request, name: str, account: Account) -> Json:
    """Do what the path and the body say.

    Raises: ControlError, or ValueError, LookupError with a sentence.
    """
    if request.method == "DELETE" and name == "faults":
        account.faults.clear(request.query.get("name") or None)
        return {"active": account.faults.active()}
    deed = _DEEDS.get(name)
    if deed is None:
        raise ControlError(404, f"There is nothing to do at {name}.")
    if request.method != "POST":
        raise ControlError(405, "Use POST.")
    body = {} if request.body is None else request.body
    if not isinstance(body, dict):
        raise ControlError(400, "The body must be a JSON object.")
    return deed(account, body)


def _set_fault(account: Account, body: Json) -> Json:
    options = {str(key): value for key, value in body.items() if key != "name"}
    account.faults.set(_text(body, "name"), **options)
    return {"active": account.faults.active()}


def _configure(account: Account, body: Json) -> Json:
    account.configure(**body)
    return asdict(account.settings)


def _reset(account: Account, body: Json) -> Json:
    account.reset()
    return {"ok": True}


def _add_contact(account: Account, body: Json) -> Json:
    names: Json = {
        ours: str(body[theirs])
        for theirs, ours in (("firstName", "first_name"), ("lastName", "last_name"))
        if theirs in body
    }
    lists = [_list_id(account, ref) for ref in _array(body, "lists")]
    tags = [str(name) for name in _array(body, "tags")]
    email = _text(body, "email")
    account.state.add_contact(email, tags=tags, lists=lists, **names)
    return {"contact": account.state.contact_by_email(email)}


def _delete_contact(account: Account, body: Json) -> Json:
    account.state.delete_contact(_text(body, "email"))
    return {"ok": True}


def _unsubscribe(account: Account, body: Json) -> Json:
    email = _text(body, "email")
    account.state.unsubscribe(email, _list_id(account, body.get("list")))
    return {"contact": account.state.contact_by_email(email)}


def _bounce(account: Account, body: Json) -> Json:
    email = _text(body, "email")
    ref = _list_id(account, body["list"]) if body.get("list") else None
    account.state.bounce(email, ref)
    return {"contact": account.state.contact_by_email(email)}


def _exclude(account: Account, body: Json) -> Json:
    account.state.exclude(_text(body, "email"))
    return {"ok": True}


def _merge_contacts(account: Account, body: Json) -> Json:
    account.state.merge_contacts(_text(body, "email"), _text(body, "into"))
    return {"contact": account.state.contact_by_email(_text(body, "into"))}


def _untag(account: Account, body: Json) -> Json:
    account.state.remove_tag(_text(body, "email"), _text(body, "tag"))
    return {"contact": account.state.contact_by_email(_text(body, "email"))}


def _add_tag(account: Account, body: Json) -> Json:
    return {"id": account.state.add_tag(_text(body, "name"))}


def _delete_tag(account: Account, body: Json) -> Json:
    account.state.delete_tag(_tag_id(account, body.get("id") or body.get("name")))
    return {"ok": True}


def _merge_tags(account: Account, body: Json) -> Json:
    loser, winner = _tag_id(account, body.get("tag")), _tag_id(account, body.get("into"))
    account.state.merge_tags(loser, winner)
    return {"ok": True}


def _add_list(account: Account, body: Json) -> Json:
    return {"id": account.state.add_list(_text(body, "name"))}


def _delete_list(account: Account, body: Json) -> Json:
    account.state.delete_list(_list_id(account, body.get("id") or body.get("name")))
    return {"ok": True}


def _add_field(account: Account, body: Json) -> Json:
    options = [str(value) for value in _array(body, "options")]
    kind = str(body.get("type", "text"))
    return {"id": account.state.add_field(_text(body, "title"), type=kind, options=options)}


_DEEDS: dict[str, Deed] = {
    "faults": _set_fault,
    "settings": _configure,
    "reset": _reset,
    "contacts": _add_contact,
    "contacts/delete": _delete_contact,
    "contacts/unsubscribe": _unsubscribe,
    "contacts/bounce": _bounce,
    "contacts/exclude": _exclude,
    "contacts/merge": _merge_contacts,
    "contacts/untag": _untag,
    "tags": _add_tag,
    "tags/delete": _delete_tag,
    "tags/merge": _merge_tags,
    "lists": _add_list,
    "lists/delete": _delete_list,
    "fields": _add_field,
}


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ControlError(400, f"The body needs {name} as text.")
    return value


def _array(body: Json, name: str) -> list[Any]:
    value = body.get(name, [])
    if not isinstance(value, list):
        raise ControlError(400, f"{name} must be an array.")
    return value


def _list_id(account: Account, ref: Any) -> int:
    names = {row.name.lower(): row.id for row in account.state.data.lists}
    return _by_name(names, ref, "list")


def _tag_id(account: Account, ref: Any) -> int:
    names = {row.name.lower(): row.id for row in account.state.data.tags}
    return _by_name(names, ref, "tag")


def _by_name(names: dict[str, int], ref: Any, what: str) -> int:
    found = names.get(str(ref).lower()) or as_id(ref)
    if not found:
        raise ControlError(400, f"Name the {what} by its id or its name.")
    return found
