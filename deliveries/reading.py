"""Turns JSON that a sender posted into events that can be stored, or says what is wrong.

Pure. Every fault names its parameter and never repeats a value.
Source: Meshes API wire contract, sections 2.3, 6.1, 6.2 and 6.3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from meshes.api_errors import ApiError, BadRequest, Fault, PayloadTooLarge
from rules.facts import DEFAULT_RESOURCE, normalized_email

EVENT_LENGTH = 200
RESOURCE_LENGTH = 200
MOST_EVENTS = 100
KIB = 1024
TYPES = ("event",)
RECOGNIZED = ("id", "ip_address", "name", "first_name", "last_name", "phone", "resource_url")

RESOURCE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
WORKSPACE = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

INVALID = "One or more fields are invalid."


@dataclass(frozen=True, slots=True)
class EventRequest:
    """One event as it was asked for, checked.

    Shape: `resource` has its default; `resource_id` is '' when absent.
    """

    workspace_id: UUID
    event: str
    resource: str
    resource_id: str
    payload: dict[str, Any]


def read_event(
    value: Any, *, workspace_id: UUID | None, among: Container[UUID] = (), place: str = ""
) -> EventRequest:
    """The event that the value asks for.

    Shape: `workspace_id` is the sender's only workspace; without one the event
    must name one of those in `among`.
    Raises: BadRequest with every fault; `place` stands before their params.
    """
    faults = _event_faults(value, workspace_id, among)
    if faults:
        named = [Fault(f"{place}{'.' if place and param else ''}{param}", m) for param, m in faults]
        raise BadRequest(INVALID, data=[Fault(param or "body", msg) for param, msg in named])
    return EventRequest(
        workspace_id=workspace_id or UUID(value["workspace"]),
        event=value["event"],
        resource=value.get("resource", DEFAULT_RESOURCE),
        resource_id=value.get("resource_id", ""),
        payload=value["payload"],
    )


def read_bulk(
    value: Any,
    *,
    workspace_id: UUID | None,
    among: Container[UUID] = (),
    largest: int | None = None,
    unreadable: Mapping[int, Fault] = MappingProxyType({}),
) -> list[EventRequest | ApiError]:
    """What each item of the array asks for, or the error that it is.

    Shape: in the order of the array, with at least one event; workspaces as
    in `read_event`; `unreadable` says by index which items are not strict JSON.
    Units: `largest` in bytes of one item as compact JSON; None measures none.
    Raises: BadRequest, when the request as a whole is of no use.
    """
    home = {"workspace_id": workspace_id, "among": among}
    read = [
        _unreadable(unreadable.get(index))
        or _too_large(item, index=index, largest=largest)
        or _read_item(item, index=index, **home)
        for index, item in enumerate(_items(value))
    ]
    if all(isinstance(item, ApiError) for item in read):
        raise BadRequest(
            "None of the events is valid.", data=[fault for item in read for fault in _data(item)]
        )
    return read


def _items(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise BadRequest("The body must be an array of events.")
    if not 1 <= len(value) <= MOST_EVENTS:
        raise BadRequest(f"The array must hold 1 to {MOST_EVENTS} events.")
    return value


def _unreadable(fault: Fault | None) -> ApiError | None:
    return BadRequest("The event is not strict JSON.", data=[fault]) if fault else None


def _too_large(item: Any, *, index: int, largest: int | None) -> ApiError | None:
    if largest is None or _size(item) <= largest:
        return None
    message = f"must not be larger than {largest // KIB} KiB"
    return PayloadTooLarge("The event is too large.", data=[Fault(f"[{index}]", message)])


def _read_item(item: Any, *, index: int, **home: Any) -> EventRequest | ApiError:
    try:
        return read_event(item, place=f"[{index}]", **home)
    except BadRequest as error:
        return error


def _size(item: Any) -> int:
    return len(json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode())


def _data(item: EventRequest | ApiError) -> tuple[Fault, ...]:
    return item.data if isinstance(item, ApiError) else ()


def _event_faults(value: Any, own: UUID | None, among: Container[UUID]) -> list[Fault]:
    if not isinstance(value, dict):
        return [Fault("", "must be a JSON object")]
    faults = [
        Fault(param, message)
        for param, (required, check) in CHECKS.items()
        if (message := _message(value, param, required=required, check=check))
    ]
    if message := _workspace(value, own, among):
        faults.append(Fault("workspace", message))
    payload = value.get("payload")
    return faults + (_payload_faults(payload) if isinstance(payload, dict) else [])


def _message(
    value: dict[str, Any], param: str, *, required: bool, check: Callable[[Any], str]
) -> str:
    if param in value:
        return check(value[param])
    return "is required" if required else ""


def _event(value: Any) -> str:
    return _short_text(value, EVENT_LENGTH)


def _resource(value: Any) -> str:
    return _short_text(value, RESOURCE_LENGTH)


def _short_text(value: Any, length: int) -> str:
    if not isinstance(value, str):
        return "must be a string"
    if is_blank(value):
        return "must not be blank"
    return f"must not be longer than {length} characters" if len(value) > length else ""


def _resource_id(value: Any) -> str:
    if isinstance(value, str) and RESOURCE_ID.fullmatch(value):
        return ""
    return "must be a string of 1 to 64 letters, digits and . _ : -"


def _type(value: Any) -> str:
    return "" if isinstance(value, str) and value in TYPES else 'must be "event"'


def _workspace(value: dict[str, Any], own: UUID | None, among: Container[UUID]) -> str:
    if "workspace" not in value:
        return "" if own else "is required with a machine key"
    named = value["workspace"]
    if not isinstance(named, str) or not WORKSPACE.fullmatch(named):
        return "must be a UUID"
    if own is not None:
        return "" if UUID(named) == own else "must be the workspace of the publishable key"
    return "" if UUID(named) in among else "must be a workspace that the machine key may use"


def _payload(value: Any) -> str:
    if not isinstance(value, dict):
        return "must be a JSON object"
    if all(map(is_empty, value.values())):
        return "must hold at least one value that is not empty"
    return ""


CHECKS: dict[str, tuple[bool, Callable[[Any], str]]] = {
    "event": (True, _event),
    "payload": (True, _payload),
    "resource": (False, _resource),
    "resource_id": (False, _resource_id),
    "type": (False, _type),
}


def _payload_faults(payload: dict[str, Any]) -> list[Fault]:
    faults = [
        Fault(f"payload.{key}", "must be a string or null")
        for key in RECOGNIZED
        if payload.get(key) is not None and not isinstance(payload[key], str)
    ]
    email = payload.get("email")
    if email is not None and not is_email(email):
        faults.append(Fault("payload.email", "must be an email address or null"))
    return faults


def is_email(value: Any) -> bool:
    """Whether the value is an address as it stands, without space around it."""
    return isinstance(value, str) and value == value.strip() and bool(normalized_email(value))


def is_blank(text: str) -> bool:
    """Whether the text shows nothing; a byte order mark counts as space, as in JavaScript."""
    return not text.replace("\ufeff", "").strip()


def is_empty(value: Any) -> bool:
    """Whether a value of the payload says nothing; 0 and false do say something."""
    if isinstance(value, str):
        return is_blank(value)
    return value is None or value == [] or value == {}
