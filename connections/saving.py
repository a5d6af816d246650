"""Saves and deletes connections: the one way for the staff's pages and for the API.

The credentials are tried for real before anything is stored, and no transaction is
open meanwhile.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from connections import catalog, destinations
from connections.activation import revive, save_as
from connections.activation import set_active as set_active
from connections.calling import secrets_of
from connections.checking import CheckResult, remember, try_out
from connections.drafts import ConnectionDraft, Credentials, credentials_of
from connections.models import Account, Connection
from connections.pace import reserve_slot
from connections.refusals import (
    AnotherAccount,
    ChangedMeanwhile,
    InUse,
    NameTaken,
    NotConfirmed,
    Refused,
)
from meshes.encryption import CannotOpen, Sealed
from meshes.workspaces import bump_rules_version


@dataclass(frozen=True, slots=True)
class Saved:
    """A stored connection and what its check found.

    Shape: `catalog_error` is a sentence when the tags, lists and fields
    could not be read right after.
    """

    connection: Connection
    check: CheckResult
    catalog_error: str = ""


def save_connection(
    draft: ConnectionDraft, *, connection: Connection | None = None, by: str, now: datetime
) -> Saved:
    """The connection as the draft wants it, checked and stored.

    Raises: InvalidDraft, NameTaken, AnotherAccount, Refused, NotConfirmed or
    ChangedMeanwhile; then nothing is stored.
    """
    wanted, credentials = _wanted(draft, connection)
    _refuse_taken_name(wanted)
    if connection is not None:
        _refuse_another_account(wanted, credentials, connection)
    check = try_out(wanted)
    _refuse_bad(check, draft)
    stored = _stored(wanted, credentials, was=connection, by=by, now=now)
    remember(stored, check, now=now)
    if not check.ok:
        return Saved(stored, check)
    revive(stored, by=by)
    return Saved(stored, check, _catalog_error(stored, now=now))


def delete_connection(
    connection: Connection, *, by: str, now: datetime, force: bool = False
) -> Connection:
    """The connection marked as deleted, its secrets destroyed.

    Raises: InUse while active rules use it, unless forced; whoever forces
    has dealt with the rules before.
    """
    with transaction.atomic():
        # First, because its lock puts us in a row with whoever saves a rule.
        bump_rules_version(connection.workspace_id)
        row: Connection = (
            Connection.objects.live().select_for_update(no_key=True).get(pk=connection.pk)
        )
        rules = row.rules.live().filter(active=True).count()
        if rules and not force:
            raise InUse({"": _in_use(row, rules)})
        row.active, row.deleted_at, row.secrets = False, now, Sealed("")
        save_as(row, by=by)
    return row


def _in_use(row: Connection, rules: int) -> str:
    many = "1 active rule uses" if rules == 1 else f"{rules} active rules use"
    return f"{many} the connection {row.name}; switch off or delete the rules first."


def _wanted(
    draft: ConnectionDraft, connection: Connection | None
) -> tuple[Connection, Credentials]:
    credentials = credentials_of(draft, connection=connection, stored=_open(connection))
    wanted = copy.copy(connection) if connection else Connection(workspace=draft.workspace)
    destination = destinations.destination(draft.kind)
    if connection and destination.api_base(connection.metadata) != destination.api_base(
        credentials.metadata
    ):
        wanted.last_check = {}
    wanted.kind, wanted.name, wanted.hidden = draft.kind, draft.name.strip(" "), draft.hidden
    if draft.bulk_import is not None:
        wanted.bulk_import = draft.bulk_import
    wanted.metadata, wanted.secrets = credentials.metadata, credentials.secrets
    wanted.secret_fingerprint = credentials.fingerprint
    account = Account.objects.filter(kind=draft.kind, key=credentials.account_key).first()
    # None until the connection is stored: a refused one leaves no account behind.
    wanted.account = account  # type: ignore[assignment]
    return wanted, credentials


def _open(connection: Connection | None) -> dict[str, str]:
    try:
        return secrets_of(connection) if connection else {}
    except CannotOpen:
        return {}


def _refuse_taken_name(wanted: Connection) -> None:
    others = Connection.objects.live().exclude(pk=wanted.pk)
    if others.filter(workspace_id=wanted.workspace_id, name=wanted.name).exists():
        raise NameTaken(
            {"name": "Another connection of this workspace has this name; choose another name."}
        )


def _refuse_another_account(
    wanted: Connection, credentials: Credentials, connection: Connection
) -> None:
    if connection.account.key == credentials.account_key:
        return
    # Deleted rules count: their failed deliveries can still be replayed.
    mapped = connection.mappings.filter(generated=False).exists()
    if connection.rules.exists() or mapped:
        raise AnotherAccount(
            {
                _address_field(wanted): (
                    f"Rules or mappings of this connection mean tags, lists and fields of "
                    f"{connection.account.key}, which another account does not have. "
                    "Make a new connection for the other account and move the rules to it."
                )
            }
        )


def _refuse_bad(check: CheckResult, draft: ConnectionDraft) -> None:
    if check.refused:
        raise Refused({"": check.message}, reason=check.reason)
    if not check.ok and not draft.save_unchecked:
        raise NotConfirmed({"": check.message})


def _address_field(wanted: Connection) -> str:
    fields = destinations.destination(wanted.kind).fields
    return next(item.key for item in fields if not item.secret)


def _stored(
    wanted: Connection, credentials: Credentials, *, was: Connection | None, by: str, now: datetime
) -> Connection:
    try:
        with transaction.atomic():
            wanted.account, new = Account.objects.get_or_create(
                kind=wanted.kind, key=credentials.account_key
            )
            row = _fresh(was) if was else Connection(workspace=wanted.workspace, created_by=by)
            _fill(row, wanted, credentials, now=now)
            save_as(row, by=by)
            if was and was.account_id != row.account_id:
                bump_rules_version(row.workspace_id)
    except IntegrityError:
        _refuse_taken_name(wanted)
        raise
    if new:
        reserve_slot(row.account_id)  # the calls of the check count
    return row


def _fresh(was: Connection) -> Connection:
    row: Connection | None = (
        Connection.objects.live().select_for_update(no_key=True).filter(pk=was.pk).first()
    )
    if row is None or _entered(row) != _entered(was):
        raise ChangedMeanwhile(
            {"": "Somebody else changed this connection meanwhile. Open it again, then save."}
        )
    return row


def _entered(row: Connection) -> tuple[object, ...]:
    return (row.name, row.metadata, row.secret_fingerprint, row.bulk_import)


def _fill(row: Connection, wanted: Connection, credentials: Credentials, *, now: datetime) -> None:
    row.kind, row.name, row.hidden = wanted.kind, wanted.name, wanted.hidden
    row.metadata, row.account = wanted.metadata, wanted.account
    row.bulk_import = wanted.bulk_import
    if credentials.new_secret:
        row.secrets, row.secret_fingerprint = credentials.secrets, credentials.fingerprint
        row.secret_changed_at = now


def _catalog_error(stored: Connection, *, now: datetime) -> str:
    try:
        catalog.refresh_catalog(stored, now=now)
    except catalog.CatalogUnreadable as error:
        return str(error)
    finally:
        stored.account.refresh_from_db()
    return ""
