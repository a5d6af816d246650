"""A rule as somebody wants to save it, and whether it can be saved like that."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connections.activation import is_verified
from connections.destinations.base import Action
from connections.models import Connection
from meshes.models import Workspace
from rules.errors import (
    ActionUnknown,
    ConnectionUnusable,
    TargetMissing,
    TargetNotWanted,
    TargetUnknown,
    ValueUnusable,
)
from rules.facts import canonical_step
from rules.targets import action_of, target_by_id

RESOURCE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
LENGTHS = {"name": 128, "event": 200, "resource": 200, "page_id": 200, "sequence_step": 64}
REQUIRED = ("name", "event")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """Everything that a person decides about a rule.

    Shape: an empty condition asks nothing; `target_id` is empty for actions
    on the contact itself. `metadata` None keeps what is stored.
    """

    workspace: Workspace
    name: str
    event: str
    connection: Connection
    action: str
    target_id: str = ""
    resource: str = ""
    resource_id: str = ""
    page_id: str = ""
    sequence_step: str = ""
    active: bool = True
    resubscribe: bool = False
    restart: bool = False
    hidden: bool = False
    metadata: Mapping[str, Any] | None = None


def checked(draft: RuleDraft) -> RuleDraft:
    """The draft in its stored spelling, when all but its target is sound.

    Raises: ValueUnusable, ConnectionUnusable, ActionUnknown, TargetMissing,
    TargetNotWanted.
    """
    _check_texts(draft)
    action = _checked_action(draft)
    lists, tags = ((action.effect, action.target_kind) == ("add", kind) for kind in ("list", "tag"))
    return replace(
        draft,
        sequence_step=canonical_step(draft.sequence_step),
        resubscribe=draft.resubscribe and lists,
        restart=draft.restart and tags,
    )


def target_label(draft: RuleDraft) -> str:
    """The name of the draft's tag or list as the account has it now.

    Raises: TargetUnknown when the account does not hold it.
    """
    action = action_of(draft.connection.kind, draft.action)
    if action is None or not action.needs_target:
        return ""
    found = target_by_id(draft.connection, kind=action.target_kind, external_id=draft.target_id)
    if found is None:
        if not is_verified(draft.connection):
            raise TargetUnknown(
                "The connection's key was not accepted yet. Test the connection first.",
                field="connection",
            )
        raise TargetUnknown(
            f"The account holds no such {action.target_kind}. Choose another, or press "
            "“Refresh tags and lists” if it is new.",
            field="target_id",
        )
    return found.label


def missing_target(action: Action) -> str:
    """What somebody reads who has chosen an action and not what it acts on."""
    return f"Choose the {action.target_kind}."


def _check_texts(draft: RuleDraft) -> None:
    for field, longest in LENGTHS.items():
        text = getattr(draft, field)
        least = 1 if field in REQUIRED else 0
        if len(text) > longest or len(text.strip()) < least:
            raise ValueUnusable(f"Use {least} to {longest} characters.", field=field)
        if text and not text.strip():
            raise ValueUnusable("Leave this empty, or write more than spaces.", field=field)
        if any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
            raise ValueUnusable("Remove the control characters.", field=field)
    if draft.resource_id and not RESOURCE_ID.fullmatch(draft.resource_id):
        raise ValueUnusable(
            "Use 1 to 64 letters, digits, dots, underscores, colons or hyphens.",
            field="resource_id",
        )


def _checked_action(draft: RuleDraft) -> Action:
    connection = draft.connection
    if connection.deleted_at is not None or connection.workspace_id != draft.workspace.pk:
        raise ConnectionUnusable("Choose a connection of this workspace.", field="connection")
    action = action_of(connection.kind, draft.action)
    if action is None:
        raise ActionUnknown("Choose an action that the connection offers.", field="action")
    if action.needs_target and not draft.target_id:
        raise TargetMissing(missing_target(action), field="target_id")
    if draft.target_id and not action.needs_target:
        raise TargetNotWanted(
            f"“{action.label}” works on the contact itself. Leave this empty.", field="target_id"
        )
    return action
