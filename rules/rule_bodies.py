"""Rules as clients send them, read into drafts, and refusals as the API says them.

Nothing is saved here. Source: Meshes API wire contract, section 12.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from connections.models import Connection
from meshes.api_errors import ApiError, BadRequest, Conflict, Fault, NotFound
from meshes.body_fields import INVALID, BodyFields
from rules.drafts import RESOURCE_ID, RuleDraft
from rules.errors import ConnectionUnusable, Refused, RuleExists, RuleGone, TargetUnknown
from rules.rule_metadata import SentMetadata, sent_metadata
from rules.targets import action_of, target_by_id

NAME_LENGTH = 128
NOT_EMPTY = ("(?s).+", "must not be empty")
RESOURCE_ID_RULE = "must be 1 to 64 letters, digits, dots, underscores, colons or hyphens"
PLACES = {
    "name": "event",  # a rule is named after its event and its target
    "action": "metadata.action",
    "target_id": "metadata.id",
    "page_id": "metadata.conditions",
    "sequence_step": "metadata.conditions",
}
"""Where the client wrote what a draft calls so."""

UNKNOWN_TARGET = {
    "connection": "has a key that was not accepted yet; ask for its actions, which tries the key",
    "target_id": "names nothing that the account holds; if it is new there, ask for the "
    "connection's actions with refresh=true first",
}


@dataclass(frozen=True, slots=True)
class SentRule:
    """A rule as a client sent it, every field checked for its form."""

    workspace_id: UUID
    connection_id: UUID
    event: str
    resource: str
    resource_id: str
    active: bool
    hidden: bool
    metadata: SentMetadata

    def draft(self, connection: Connection) -> RuleDraft:
        """The draft of the rule, named after what it does."""
        return RuleDraft(
            workspace=connection.workspace,
            name=_name(self, connection),
            connection=connection,
            event=self.event,
            resource=self.resource,
            resource_id=self.resource_id,
            **self.metadata.conditions,
            action=self.metadata.action,
            target_id=self.metadata.target_id,
            active=self.active,
            hidden=self.hidden,
            resubscribe=self.metadata.resubscribe,
            restart=self.metadata.restart,
            metadata=self.metadata.kept,
        )


def sent_rule(body: dict[str, Any]) -> SentRule:
    """What was sent.

    Raises: BadRequest with every fault.
    """
    fields = BodyFields(body)
    workspace_id = fields.uuid("workspace", required=True)
    connection_id = fields.uuid("connection", required=True)
    metadata = fields.object("metadata", required=True)
    sent = SentRule(
        workspace_id=workspace_id or UUID(int=0),
        connection_id=connection_id or UUID(int=0),
        event=fields.text("event", required=True, pattern=NOT_EMPTY) or "",
        resource=fields.text("resource", pattern=NOT_EMPTY) or "",
        resource_id=fields.text("resource_id", pattern=(RESOURCE_ID.pattern, RESOURCE_ID_RULE))
        or "",
        active=fields.flag("active", default=True),
        hidden=fields.flag("hidden", default=False),
        metadata=SentMetadata() if metadata is None else sent_metadata(metadata, into=fields),
    )
    fields.refuse_faults()
    return sent


@contextmanager
def refusals_told() -> Iterator[None]:
    """A block in which a rule that cannot be saved becomes an answer.

    Raises: BadRequest, NotFound, Conflict.
    """
    try:
        yield
    except Refused as refusal:
        raise _error_of(refusal) from None


def _error_of(refusal: Refused) -> ApiError:
    if isinstance(refusal, RuleGone):
        return NotFound("There is no such rule.")
    if isinstance(refusal, ConnectionUnusable):
        return NotFound("There is no such connection.")
    if isinstance(refusal, RuleExists):
        return Conflict(refusal.message)
    place = PLACES.get(refusal.field, refusal.field)
    unknown = isinstance(refusal, TargetUnknown)
    message = UNKNOWN_TARGET[refusal.field] if unknown else refusal.message
    return BadRequest(INVALID, data=[Fault(place, message)])


def _name(sent: SentRule, connection: Connection) -> str:
    """What staff read in lists and in history: `Add Tag onboarding-step-2 on page.completed`."""
    action = action_of(connection.kind, sent.metadata.action)
    if action is None:
        return "Unnamed"  # refused by the verb
    named = None
    if action.needs_target:
        target_id = sent.metadata.target_id
        named = target_by_id(connection, kind=action.target_kind, external_id=target_id)
    words = (action.label, named.label if named else "", "on", sent.event)
    text = " ".join(word for word in words if word)
    return "".join(char if char.isprintable() else " " for char in text)[:NAME_LENGTH].strip()
