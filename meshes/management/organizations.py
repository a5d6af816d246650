"""Finds the organization and the workspaces that a command's options name."""

from __future__ import annotations

from uuid import UUID

from django.core.management.base import CommandError
from django.db.models import Q

from meshes.models import Organization, Workspace


def organization_named(text: str | None) -> Organization:
    """The live organization with this name or id; without a text the oldest one.

    Raises: CommandError with the names that exist.
    """
    organizations = Organization.objects.live().order_by("created_at")
    found = organizations.filter(_asked(text)).first() if text else organizations.first()
    if isinstance(found, Organization):
        return found
    names = ", ".join(sorted(organization.name for organization in organizations))
    if not names:
        raise CommandError("There is no organization. Run: python manage.py migrate")
    raise CommandError(f"There is no organization {text}. These exist: {names}.")


def workspaces_named(texts: list[str], organization: Organization) -> list[Workspace]:
    """The organization's live workspaces with these names or ids.

    Raises: CommandError with the names that exist, for the first that is unknown.
    """
    workspaces = Workspace.objects.live().filter(organization=organization)
    found = []
    for text in texts:
        workspace = workspaces.filter(_asked(text)).first()
        if workspace is None:
            names = ", ".join(workspaces.order_by("name").values_list("name", flat=True))
            raise CommandError(f"There is no workspace {text}. These exist: {names or 'none'}.")
        found.append(workspace)
    return found


def _asked(text: str) -> Q:
    try:
        return Q(name=text) | Q(pk=UUID(text))
    except ValueError:
        return Q(name=text)
