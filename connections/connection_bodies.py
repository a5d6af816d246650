"""Connections as clients send them, read into drafts, and refusals as the API says them.

Nothing is saved here. Source: Meshes API wire contract, sections 10.2 and 10.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connections.drafts import ConnectionDraft
from connections.models import Connection
from connections.refusals import (
    AnotherAccount,
    CannotSave,
    ChangedMeanwhile,
    InUse,
    InvalidDraft,
    NameTaken,
    NotConfirmed,
)
from meshes.api_errors import ApiError, BadRequest, Conflict, Fault, UnprocessableEntity
from meshes.body_fields import INVALID, BodyFields
from meshes.models import Workspace

ANYWAY = {
    NotConfirmed: " Send save_unchecked: true to save it anyway.",
    InUse: " Or send force_delete: true to delete them with it.",
}
STANDS_AGAINST = (NameTaken, AnotherAccount, ChangedMeanwhile, InUse)
OWN_PLACES = {"name": "name", "kind": "type"}
"""Where the client wrote what the draft calls so; all else stands in the metadata."""


@dataclass(frozen=True, slots=True)
class SentConnection:
    """The fields that a create and an update share; `hidden` is None when left out."""

    name: str
    metadata: dict[str, Any]
    hidden: bool | None
    save_unchecked: bool


def sent_connection(fields: BodyFields) -> SentConnection:
    """What was sent, once every fault of the body was told.

    Raises: BadRequest.
    """
    name = fields.text("name", required=True)
    metadata = fields.object("metadata", required=True)
    hidden = fields.flag("hidden", default=False)
    save_unchecked = fields.flag("save_unchecked", default=False)
    fields.refuse_faults()
    return SentConnection(
        name=name or "",
        metadata=metadata or {},
        hidden=hidden if fields.has("hidden") else None,
        save_unchecked=save_unchecked,
    )


def new_draft(sent: SentConnection, *, workspace: Workspace, kind: str) -> ConnectionDraft:
    """The draft of a connection that does not exist yet."""
    return ConnectionDraft(
        workspace=workspace,
        kind=kind,
        name=sent.name,
        values=sent.metadata,
        hidden=bool(sent.hidden),
        save_unchecked=sent.save_unchecked,
    )


def edited_draft(sent: SentConnection, connection: Connection) -> ConnectionDraft:
    """The draft of a stored connection; `hidden` left out stays as it is."""
    return ConnectionDraft(
        workspace=connection.workspace,
        kind=connection.kind,
        name=sent.name,
        values=sent.metadata,
        hidden=connection.hidden if sent.hidden is None else sent.hidden,
        save_unchecked=sent.save_unchecked,
    )


@contextmanager
def refusals_told() -> Iterator[None]:
    """A block in which what cannot be saved becomes an answer.

    Raises: BadRequest, Conflict, UnprocessableEntity.
    """
    try:
        yield
    except CannotSave as refusal:
        raise _error_of(refusal) from None


def _error_of(refusal: CannotSave) -> ApiError:
    places = [(OWN_PLACES.get(key, f"metadata.{key}"), text) for key, text in _named(refusal)]
    data = [Fault(place, text) for place, text in places]
    if isinstance(refusal, InvalidDraft):
        own = any(place in OWN_PLACES.values() for place, _ in places)
        return BadRequest(INVALID, data=data) if own else UnprocessableEntity(INVALID, data=data)
    anyway = ANYWAY.get(type(refusal), "")
    if isinstance(refusal, STANDS_AGAINST):
        return Conflict(f"{refusal}{anyway}", data=data)
    return UnprocessableEntity(f"{refusal}{anyway}", data=data)


def _named(refusal: CannotSave) -> list[tuple[str, str]]:
    return [(key, text) for key, text in refusal.errors.items() if key]
