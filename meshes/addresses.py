"""How addresses under /api/v1/ are written down: ids as UUIDs, every spelling of a slash."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import URLPattern, path, register_converter
from rest_framework.views import APIView


class IdConverter:
    """A UUID in a path, in small or capital letters; anything else is no address."""

    regex = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

    def to_python(self, value: str) -> UUID:
        """The UUID."""
        return UUID(value)

    def to_url(self, value: Any) -> str:
        """Its usual spelling."""
        return str(value)


class WouldBeIdConverter:
    """Whatever stands where an id belongs, for an address that tells a malformed one apart."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """The text as it was sent."""
        return value

    def to_url(self, value: Any) -> str:
        """Its usual spelling."""
        return str(value)


register_converter(IdConverter, "id")
register_converter(WouldBeIdConverter, "would_be_id")


def endpoint(route: str, view: type[APIView]) -> list[URLPattern]:
    """The address, and its spelling with a slash at the end.

    Why: both work, but only the first stands in the API's description.
    """
    return [path(route, view.as_view()), path(f"{route}/", view.as_view(schema=None))]


def misspelled(route: str, view: type[APIView]) -> list[URLPattern]:
    """The same address with malformed ids, which its description does not name apart.

    Why: the view refuses them itself, where the contract declares more than a 404.
    """
    loose = route.replace("<id:", "<would_be_id:")
    return [path(f"{loose}{end}", view.as_view(schema=None)) for end in ("", "/")]
