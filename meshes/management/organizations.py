"""Finds the organization that a command's --org names."""

from __future__ import annotations

from uuid import UUID

from django.core.management.base import CommandError
from django.db.models import Q

from meshes.models import Organization


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


def _asked(text: str) -> Q:
    try:
        return Q(name=text) | Q(pk=UUID(text))
    except ValueError:
        return Q(name=text)
