"""The buttons on a connection's page; each calls one verb and says what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from connections.activation import is_by_hand
from connections.catalog import CatalogUnreadable, refresh_catalog
from connections.checking import check_connection
from connections.models import Connection
from connections.refusals import CannotSave, Refused
from connections.saving import set_active
from meshes.admin_base import who
from meshes.admin_buttons import Button


def test(_request: HttpRequest, connection: Connection, _values: Mapping[str, Any]) -> str:
    """Check the stored credentials now; what the check found."""
    result = check_connection(connection, now=timezone.now())
    if not result.ok:
        raise Refused({"": result.message})
    return result.message


def refresh(_request: HttpRequest, connection: Connection, _values: Mapping[str, Any]) -> str:
    """Read the account's tags, lists and fields now; how many there are."""
    read = refresh_catalog(connection, now=timezone.now())
    gone = f" {read.gone} of the ones known before are gone." if read.gone else ""
    return f"Read {read.tags} tags, {read.lists} lists and {read.fields} fields.{gone}"


def switch_on(request: HttpRequest, connection: Connection, _values: Mapping[str, Any]) -> str:
    """Switch the connection on."""
    set_active(connection, True, by=who(request), now=timezone.now())
    return f"{connection} is on; what waited is sent now."


def switch_off(request: HttpRequest, connection: Connection, _values: Mapping[str, Any]) -> str:
    """Switch the connection off."""
    set_active(connection, False, by=who(request), now=timezone.now())
    return f"{connection} is off; its deliveries wait until it is switched on again."


BUTTONS = (
    Button(
        name="test",
        label="Test connection",
        question="Sign in to the account of {row} with the stored key? Nothing is changed there.",
        act=test,
        refusals=(CannotSave,),
    ),
    Button(
        name="refresh",
        label="Refresh tags and lists",
        question="Read all tags, lists and fields of {row} anew? Nothing is changed there.",
        act=refresh,
        refusals=(CatalogUnreadable,),
    ),
    Button(
        name="off",
        label="Switch off",
        question="Switch {row} off? Its deliveries wait until it is switched on again.",
        act=switch_off,
        shown=lambda row: row.active,
        danger=True,
    ),
    Button(
        name="on",
        label="Switch on",
        question="Switch {row} on? Deliveries that wait are sent then.",
        act=switch_on,
        shown=lambda row: not row.active and is_by_hand(row),
        refusals=(CannotSave,),
    ),
)
