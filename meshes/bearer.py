"""How requests under /api/ present a machine key, and what a read-only one may not do."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from meshes.api_errors import Forbidden, Unauthorized
from meshes.authentication import HEADER, KeyHolder, PublishableKeyAuthentication
from meshes.machine_tokens import NO_TOKEN, MachineHolder, machine_holder

READ_ONLY = "This machine key may only read."


class MachineAuthentication(BaseAuthentication):
    """Makes `request.auth` the MachineHolder, or refuses the request."""

    def authenticate(self, request: Request) -> tuple[None, MachineHolder]:
        """No user, and the holder of the key that signed the token.

        Raises: Unauthorized, Forbidden.
        """
        token = bearer_token(request)
        if not token:
            raise Unauthorized(NO_TOKEN)
        return None, machine_holder(token, now=timezone.now())


class SenderAuthentication(PublishableKeyAuthentication):
    """A publishable key, or nothing when a bearer token stands in its place."""

    def authenticate(self, request: Request) -> tuple[None, KeyHolder] | None:  # type: ignore[override]
        """No user, and the holder of the publishable key; None leaves it to the next class.

        Raises: Unauthorized.
        """
        if bearer_token(request) and not request.headers.get(HEADER):
            return None
        return super().authenticate(request)


class ReadOnlyKeysOnlyRead(BasePermission):
    """Refuses every change that a read-only machine key asks for."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Always true for what it lets through.

        Raises: Forbidden.
        """
        if getattr(request.auth, "read_only", False) and request.method not in SAFE_METHODS:
            raise Forbidden(READ_ONLY)
        return True


def bearer_token(request: Request) -> str:
    """The token in the header Authorization, '' without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
