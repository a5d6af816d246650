"""Which rows a machine key reaches: those of its organization, in its workspaces."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from meshes.api_errors import NotFound
from meshes.machine_tokens import MachineHolder
from meshes.models import Workspace


def reachable_workspaces(holder: MachineHolder) -> QuerySet[Workspace]:
    """The live workspaces that the key may see."""
    workspaces: QuerySet[Workspace] = Workspace.objects.live()
    workspaces = workspaces.filter(organization=holder.organization_id)
    listed = holder.workspace_ids
    return workspaces if listed is None else workspaces.filter(pk__in=listed)


def within_reach(
    rows: QuerySet[Any], holder: MachineHolder, *, path: str = "workspace"
) -> QuerySet[Any]:
    """The rows whose workspace, found by the lookup `path`, the key may see.

    Why: the ids are asked for first and stand in the statement, so that a
    list of history walks its own index instead of a join.
    """
    return rows.filter(**{f"{path}__in": reachable_ids(holder)})


def reachable_ids(holder: MachineHolder) -> list[UUID]:
    """The ids of the live workspaces that the key may see."""
    return list(reachable_workspaces(holder).values_list("pk", flat=True))


def found_in_reach(
    rows: QuerySet[Any], holder: MachineHolder, *, noun: str, path: str = "workspace", **which: Any
) -> Any:
    """The one row that the lookups find.

    Shape: an empty `path` is for workspaces themselves.
    Raises: NotFound, also for a row of somebody else.
    """
    prefix = f"{path}__" if path else ""
    own: dict[str, Any] = {f"{prefix}organization": holder.organization_id}
    own[f"{prefix}deleted_at__isnull"] = True
    if holder.workspace_ids is not None:
        own[f"{prefix}pk__in"] = holder.workspace_ids
    row = rows.filter(**own).filter(**which).first()
    if row is None:
        raise NotFound(f"There is no such {noun}.")
    return row
