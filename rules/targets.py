"""What rules may ask of a connection: its actions, and the tags and lists to name."""

from __future__ import annotations

from collections.abc import Collection

from connections import catalog, destinations
from connections.activation import is_verified
from connections.catalog import fold, visible_catalog
from connections.destinations.base import Action, CatalogItem, CatalogKind
from connections.models import CatalogEntry, CatalogEntryQuerySet, Connection


def actions_of(kind: str) -> tuple[Action, ...]:
    """The actions that the destination declares; none for an unknown one."""
    for destination in destinations.DESTINATIONS:
        if destination.kind == kind:
            return destination.actions
    return ()


def action_of(kind: str, key: str) -> Action | None:
    """The declared action, or None when this release knows no such one."""
    return next((action for action in actions_of(kind) if action.key == key), None)


def core_fields_of(kind: str) -> tuple[CatalogItem, ...]:
    """The contact fields that every account of the destination has."""
    for destination in destinations.DESTINATIONS:
        if destination.kind == kind:
            return destination.core_fields
    return ()


def known_dests(connection: Connection) -> set[str]:
    """The fields that a mapping may fill: core ones and the account's own by id."""
    core = {item.id for item in core_fields_of(connection.kind)}
    return core | set(_held(connection, "field").values_list("external_id", flat=True))


def held_fields(connection: Connection) -> CatalogEntryQuerySet:
    """The account's own fields, by name."""
    return _held(connection, "field").order_by("folded", "pk")


def target_by_id(connection: Connection, *, kind: str, external_id: str) -> CatalogEntry | None:
    """The tag or list that the account holds under this id."""
    return _held(connection, kind).filter(external_id=external_id).first()


def target_named(connection: Connection, *, kind: str, text: str) -> CatalogEntry | None:
    """The tag or list that a person typed: its exact name, or its id.

    Why: names come first, since a tag may be called "12" while another has
    that id; the name that differs only in case counts when there is one such.
    """
    text = text.replace("\x00", "")
    held = _held(connection, kind)
    exact = held.filter(label=text).order_by("id").first()
    if exact is not None:
        return exact
    folded = list(held.filter(folded=fold(text))[:2])
    return folded[0] if len(folded) == 1 else held.filter(external_id=text).first()


def targets_labelled(
    connection: Connection, *, kind: str, labels: Collection[str]
) -> dict[str, CatalogEntry]:
    """The tag or list of each name that the account holds, by the name asked for.

    Shape: the exact name first, then one that differs only in case, where
    there is one such; never by id.
    """
    wanted = {label: fold(label.replace("\x00", "")) for label in labels}
    held = _held(connection, kind).filter(folded__in=set(wanted.values())).order_by("id")
    exact: dict[str, CatalogEntry] = {}
    folded: dict[str, list[CatalogEntry]] = {}
    for entry in held:
        exact.setdefault(entry.label, entry)
        folded.setdefault(entry.folded, []).append(entry)
    found: dict[str, CatalogEntry] = {}
    for label, key in wanted.items():
        alike = folded.get(key, [])
        meant = exact.get(label) or (alike[0] if len(alike) == 1 else None)
        if meant is not None:
            found[label] = meant
    return found


def search_targets(
    connection: Connection, *, kind: CatalogKind, text: str, limit: int
) -> tuple[list[CatalogEntry], bool]:
    """Up to `limit` tags or lists whose name contains the text, and whether more do."""
    if not is_verified(connection):
        return [], False
    text = text.replace("\x00", "")
    return catalog.search_targets(connection.account_id, kind=kind, text=text, limit=limit)


def _held(connection: Connection, kind: str) -> CatalogEntryQuerySet:
    return visible_catalog(connection).present().filter(kind=kind)
