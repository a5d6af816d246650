"""Who posts events, and into which workspaces they may go.

Source: Meshes API wire contract, section 2.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from deliveries.reading import WORKSPACE
from meshes.authentication import KeyHolder
from meshes.machine_tokens import MachineHolder
from meshes.reach import reachable_workspaces


@dataclass(frozen=True, slots=True)
class Sender:
    """Whoever sends, as intake needs to know them.

    Shape: `own` is where an event goes that names no workspace, None when each must
    name one. `versions` maps the workspaces that are open to their rules versions at
    the moment of the lookup. `mark` tells senders apart who repeat a request. `only`
    names the events that they may send, none means all.
    """

    created_by: str
    own: UUID | None
    versions: Mapping[UUID, int]
    mark: str = ""
    only: frozenset[str] = frozenset()


def key_sender(holder: KeyHolder) -> Sender:
    """The holder of a publishable key: everything goes into the key's workspace."""
    versions = {holder.workspace_id: holder.rules_version}
    named = holder.allowed_events
    only = frozenset(named.split("\n")) if named else frozenset()
    return Sender(holder.created_by, holder.workspace_id, versions, only=only)


def machine_sender(holder: MachineHolder, value: Any) -> Sender:
    """The holder of a machine key, with those workspaces that the posted value names.

    Why: one statement asks for all of them, however many events there are.
    """
    named = _named(value if isinstance(value, list) else [value])
    rows = reachable_workspaces(holder).filter(pk__in=named) if named else None
    versions = dict(rows.values_list("pk", "rules_version")) if rows is not None else {}
    return Sender(holder.created_by, None, versions, mark=str(holder.key_id))


def _named(items: Iterable[Any]) -> set[UUID]:
    texts = (item.get("workspace") for item in items if isinstance(item, dict))
    return {UUID(text) for text in texts if isinstance(text, str) and WORKSPACE.fullmatch(text)}
