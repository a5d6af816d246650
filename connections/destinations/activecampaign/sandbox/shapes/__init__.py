"""Pure JSON shapes of the vendor's objects: rows in, dictionaries out."""

from collections.abc import Iterable


def links_to(base: str, resource: str, row_id: int, names: Iterable[str]) -> dict[str, str]:
    """Absolute URLs of related things, by name."""
    return {name: f"{base}/{resource}/{row_id}/{name}" for name in names}
