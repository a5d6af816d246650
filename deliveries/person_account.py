"""What the accounts of a workspace hold of a person now: asked on a button, kept nowhere.

Each call takes its slot of the account's budget; no transaction is open meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from connections.calling import open_line
from connections.destinations.contacts import ContactSeen
from connections.models import CatalogEntry, Connection
from deliveries.persons import Person
from deliveries.reading_back import (
    CALL_DEADLINE_S,
    NOT_OFFERED,
    CannotReadBack,
    asked,
    contacts_of,
)
from meshes.models import Workspace

MOST_ACCOUNTS = 5
STATES = {
    "active": ("subscribed", "good"),
    "unconfirmed": ("not confirmed yet", "wait"),
    "unsubscribed": ("unsubscribed", "bad"),
    "bounced": ("bounced", "bad"),
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """What one account holds.

    Shape: `lists` are a name, the state in words and its color; `problem` is a sentence
    when the account could not be asked.
    """

    connection: str
    known: bool = False
    tags: tuple[str, ...] = ()
    lists: tuple[tuple[str, str, str], ...] = ()
    bounced: bool = False
    problem: str = ""


@dataclass(slots=True)
class _Names:
    """The labels of an account's tags and lists."""

    of: dict[tuple[str, str], str] = field(default_factory=dict)

    def name(self, kind: str, external_id: str) -> str:
        """The label, or the number of one that the catalog does not know yet."""
        return self.of.get((kind, external_id)) or f"{kind} number {external_id}"


def accounts_of(workspace: Workspace) -> list[Connection]:
    """One working connection for each account of the workspace, five at most."""
    live = Connection.objects.live().filter(workspace=workspace, active=True)
    found: dict[int, Connection] = {}
    for connection in live.select_related("account").order_by("name", "pk"):
        if contacts_of(connection) is not None:
            found.setdefault(connection.account_id, connection)
    return list(found.values())[:MOST_ACCOUNTS]


def ask_accounts(person: Person, *, by: str) -> list[Held]:
    """What each account of the person's workspace says."""
    found = [_ask(connection, person.email) for connection in accounts_of(person.workspace)]
    log.info("person_read_back", by=by, workspace_id=str(person.workspace.pk), accounts=len(found))
    return found


def _ask(connection: Connection, email: str) -> Held:
    contacts = contacts_of(connection)
    if contacts is None:
        return Held(connection.name, problem=NOT_OFFERED)
    try:
        seen = asked(
            connection,
            lambda: contacts.look(
                open_line(connection, hide=(email,), deadline_s=CALL_DEADLINE_S), email
            ),
        )
    except CannotReadBack as error:
        return Held(connection.name, problem=str(error))
    return _held(connection, seen)


def _held(connection: Connection, seen: ContactSeen) -> Held:
    names = _names(connection, seen)
    lists = ((names.name("list", pk), *STATES[state]) for pk, state in seen.lists.items())
    return Held(
        connection.name,
        known=bool(seen.id),
        tags=tuple(sorted(names.name("tag", pk) for pk in seen.tags)),
        lists=tuple(sorted(lists)),
        bounced=seen.bounced,
    )


def _names(connection: Connection, seen: ContactSeen) -> _Names:
    ids = {*seen.tags, *seen.lists}
    entries = CatalogEntry.objects.filter(
        account=connection.account_id, kind__in=("tag", "list"), external_id__in=ids
    )
    rows = entries.values_list("kind", "external_id", "label")
    return _Names({(kind, pk): label for kind, pk, label in rows})
