"""What the API tells of every destination, made from the destinations' own declarations.

Source: Meshes API wire contract, sections 13.1 to 13.3.
"""

from __future__ import annotations

from typing import Any

from connections.destinations import DESTINATIONS
from connections.destinations.base import Action, CredentialField, Destination

DATA_KEYS = {"tag": "tags", "list": "lists"}


def integrations() -> list[dict[str, Any]]:
    """One record per destination, in the order of the registry."""
    return [integration_record(destination) for destination in DESTINATIONS]


def integration_record(destination: Destination) -> dict[str, Any]:
    """What a client needs to build a connection form and a rule form."""
    return {
        "name": destination.name,
        "type": destination.kind,
        "authentication": {
            "type": "api_key",
            "fields": [_credential(field) for field in destination.fields],
        },
        "actions": {action.key: action_record(action) for action in destination.actions},
    }


def action_record(action: Action) -> dict[str, Any]:
    """One action: what a rule's metadata must hold for it.

    Shape: `fields` is empty, and `data` absent, when a rule names no target.
    """
    record = {"key": action.key, "label": action.label, "noun": action.noun}
    if not action.needs_target:
        return {**record, "fields": []}
    return {**record, "fields": ["id"], "data": [_choice(action)]}


def data_key(action: Action) -> str:
    """Under which name the account's tags or lists are offered; '' without a target."""
    return DATA_KEYS.get(action.target_kind, "")


def _choice(action: Action) -> dict[str, Any]:
    choice = {"key": data_key(action), "field": "id", "kind": "simple"}
    return {**choice, "noun": action.noun, "required": True}


def _credential(field: CredentialField) -> dict[str, Any]:
    record: dict[str, Any] = {"label": field.label, "key": field.key, "type": field.type}
    if field.validate:
        record["validate"] = field.validate
    record["required"] = field.required
    return {**record, "helpText": field.help_text} if field.help_text else record
