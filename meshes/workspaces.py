"""Verbs on workspaces: creating one, and counting up what matching can see."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from meshes.keys import create_key
from meshes.models import Organization, PublishableKey, Workspace


class NameTaken(Exception):
    """The organization already has a workspace with this name."""


class NameInvalid(Exception):
    """The name breaks the rules for workspace names."""


def create_workspace(
    name: str, *, organization: Organization, by: str, description: str | None = None
) -> tuple[Workspace, PublishableKey]:
    """The new workspace and its first publishable key.

    Raises: NameInvalid and NameTaken, with a sentence for the person who asked.
    """
    workspace = Workspace(
        name=name, organization=organization, description=description, created_by=by
    )
    try:
        workspace.clean_fields()
    except ValidationError as error:
        raise NameInvalid(" ".join(error.messages)) from None
    try:
        with transaction.atomic():
            workspace.save(force_insert=True)
            return workspace, create_key(workspace, name="Default", by=by)
    except IntegrityError:
        raise NameTaken(
            f"{organization.name} already has a workspace named {name}. Choose another name."
        ) from None


def bump_rules_version(workspace_id: UUID) -> int:
    """The workspace's new rules version, one above the last.

    Why: call it inside the transaction of the change; the row lock that it
    takes puts changes of one workspace in a row.
    """
    Workspace.objects.filter(pk=workspace_id).update(rules_version=F("rules_version") + 1)
    return Workspace.objects.values_list("rules_version", flat=True).get(pk=workspace_id)
