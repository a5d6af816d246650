"""Verbs on workspaces: creating one, and counting up what matching can see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from meshes.keys import create_key
from meshes.models import Organization, PublishableKey, Workspace

NAME_PATTERN = r"^[a-zA-Z0-9 _-]{3,50}$"
NAME_RULE = "must be 3 to 50 letters, digits, spaces, underscores or hyphens"
DESCRIPTION_LENGTH = 1024
KEEP = object()

Furnisher = Callable[[Workspace, str], None]

_furnishers: list[Furnisher] = []


class NameTaken(Exception):
    """The organization already has a workspace with this name."""


class NameInvalid(Exception):
    """The name breaks the rules for workspace names."""


def create_workspace(
    name: str, *, organization: Organization, by: str, description: str | None = None
) -> tuple[Workspace, PublishableKey]:
    """The new workspace and its first publishable key; spaces around the name are left out.

    Raises: NameInvalid and NameTaken, with a sentence for the person who asked.
    """
    workspace = Workspace(
        name=name.strip(" "), organization=organization, description=description, created_by=by
    )
    _refuse_bad_values(workspace)
    with _saving(name, organization):
        workspace.save(force_insert=True)
        return workspace, furnish(workspace, by=by)


def furnish_with(furnisher: Furnisher) -> None:
    """Let this function put into every new workspace what its room starts with.

    Why: the catalogs stand above workspaces, so their room registers here.
    """
    _furnishers[:] = [furnisher]


def furnish(workspace: Workspace, *, by: str) -> PublishableKey:
    """The first key of a workspace that was just made, whoever made it.

    Why: call it inside the transaction that stores the workspace.
    """
    for put_into in _furnishers:
        put_into(workspace, by)
    return create_key(workspace, name="Default", by=by)


@contextmanager
def _saving(name: str, organization: Organization) -> Iterator[None]:
    """A transaction in which a name that is taken becomes a sentence."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise NameTaken(
            f"{organization.name} already has a workspace named {name}. Choose another name."
        ) from None


def _refuse_bad_values(workspace: Workspace) -> None:
    try:
        workspace.clean_fields()
    except ValidationError as error:
        raise NameInvalid(" ".join(error.messages)) from None


def edit_workspace(workspace: Workspace, *, name: str, description: Any, by: str) -> Workspace:
    """The workspace under this name, as a create spells it; a description of KEEP stays.

    Raises: NameInvalid and NameTaken, with a sentence for the person who asked.
    """
    with _saving(name, workspace.organization):
        stored: Any = Workspace.objects.live().select_for_update().get(pk=workspace.pk)
        stored.name = name.strip(" ")
        if description is not KEEP:
            stored.description = description
        _refuse_bad_values(stored)
        stored._change_reason = f"edited by {by}"[:100]  # for django-simple-history
        stored.save(update_fields=["name", "description", "updated_at"])
    return cast("Workspace", stored)


def bump_rules_version(workspace_id: UUID) -> int:
    """The workspace's new rules version, one above the last.

    Why: call it inside the transaction of the change; the row lock that it
    takes puts changes of one workspace in a row.
    """
    Workspace.objects.filter(pk=workspace_id).update(rules_version=F("rules_version") + 1)
    now: int = Workspace.objects.values_list("rules_version", flat=True).get(pk=workspace_id)
    return now
