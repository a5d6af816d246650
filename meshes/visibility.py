"""Which workspaces a person of the staff may see; the canary's is nobody's to see."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet

from meshes.hidden import shown
from meshes.models import Membership, Workspace

BACKEND = "django.contrib.auth.backends.ModelBackend"
NAMED = 4


def visible_workspaces(user: Any) -> QuerySet[Any]:
    """The live workspaces that this person may see.

    Shape: a superuser, and a person without a list of workspaces, sees all.
    """
    workspaces = Workspace.objects.live()
    ids = visible_ids(user)
    return workspaces if ids is None else workspaces.filter(pk__in=ids)


def sees_all(user: Any) -> bool:
    """Whether this person sees every workspace, those of the future included."""
    return visible_ids(user) is None


def visible_ids(user: Any) -> list[Any] | None:
    """The ids of the workspaces whose history this person may see, None for all."""
    if user.is_superuser:
        return None
    listed = Membership.objects.live().filter(user_id=user.pk).values_list("workspaces", flat=True)
    return [pk for pk in listed if pk is not None] or None


def limited_to(rows: QuerySet[Any], user: Any, *, path: str | None) -> QuerySet[Any]:
    """The rows whose workspace, found by the lookup `path`, this person may see."""
    if path is None:
        return rows
    ids = visible_ids(user)
    return rows.filter(shown(path) if ids is None else Q(**{f"{path}__in": ids}))


def is_visible(user: Any, *, path: str) -> Q:
    """The same as a condition, for a page that must not ask a question of its own for it."""
    if user.is_superuser:
        return shown(path)
    listed = Membership.objects.live().filter(user_id=user.pk, workspaces__isnull=False)
    everywhere = Q(~Exists(listed)) & shown(path)
    return everywhere | Q(**{f"{path}__in": listed.values("workspaces")})


def people_who_may(permission: str, *, workspace_id: Any = None) -> list[str]:
    """The names of up to four people of the staff with this right, in that workspace.

    Shape: ordered by name; without a workspace, those who may use it anywhere.
    """
    model: Any = get_user_model()
    people = model.objects.with_perm(permission, backend=BACKEND).filter(is_staff=True)
    listed = Membership.objects.live().filter(user_id=OuterRef("pk"), workspaces__isnull=False)
    if workspace_id is not None:
        theirs = Exists(listed.filter(workspaces=workspace_id))
        people = people.filter(Q(is_superuser=True) | ~Exists(listed) | theirs)
    found = people.order_by("username").distinct()[:NAMED]
    return [person.get_full_name() or person.get_username() for person in found]
