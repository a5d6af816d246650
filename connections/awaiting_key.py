"""Connections that stand without their secrets until a person enters them."""

from __future__ import annotations

from datetime import datetime

from connections.accounts import RateImpossible, set_rate
from connections.activation import BY_HAND, save_as
from connections.drafts import ConnectionDraft, without_secrets
from connections.models import Account, Connection, InactiveReason
from connections.refusals import InvalidDraft
from meshes.encryption import Sealed

AWAITS = InactiveReason.OAUTH_REAUTHORIZATION_REQUIRED.value
"""Nobody tries such a connection by itself, and a working key switches it on."""


def create_awaiting_key(
    draft: ConnectionDraft,
    *,
    active: bool,
    requests_per_second: float | None,
    by: str,
    now: datetime,
) -> Connection:
    """A connection that is off; saving it with a working key switches it on.

    Shape: with `active` False it stays off then, too, until a person switches
    it on. The budget is given to an account that is new here only.
    Raises: InvalidDraft. Why: call it inside a transaction.
    """
    found = without_secrets(draft)
    account, new = Account.objects.get_or_create(kind=draft.kind, key=found.account_key)
    row = Connection(workspace=draft.workspace, kind=draft.kind, name=draft.name, created_by=by)
    row.metadata, row.secrets, row.account = found.metadata, Sealed(""), account
    row.hidden, row.bulk_import = draft.hidden, bool(draft.bulk_import)
    row.active, row.inactive_reason, row.updated_at = False, AWAITS if active else BY_HAND, now
    save_as(row, by=by)
    if new and requests_per_second is not None:
        try:
            set_rate(account, requests_per_second=requests_per_second)
        except RateImpossible as error:
            raise InvalidDraft({"requests_per_second": str(error)}) from None
    return row
