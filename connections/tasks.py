"""What django-q2 runs for this room: thin, takes no arguments, never raises what is expected."""

from __future__ import annotations

import time
from datetime import datetime

import structlog
from django.db.models import F, Value
from django.db.models.functions import NullIf
from django.utils import timezone

from connections.activation import is_verified
from connections.catalog import CatalogUnreadable, is_stale, refresh_catalog
from connections.models import Account, Connection

BUDGET_S = 40.0
"""Below django-q2's timeout even when the last reading takes its time."""

log = structlog.get_logger(__name__)


def refresh_stale_catalogs() -> int:
    """How many accounts were read anew; what does not fit waits for the next run."""
    started, read = time.monotonic(), 0
    for account in _stale_accounts(timezone.now()):
        if time.monotonic() - started > BUDGET_S:
            break
        read += _refreshed(account)
    return read


def _stale_accounts(now: datetime) -> list[Account]:
    # Accounts that fail come last, so that they keep nobody waiting.
    failing = NullIf(F("catalog_error"), Value(""))
    accounts = Account.objects.order_by(
        failing.asc(nulls_first=True), F("catalog_refreshed_at").asc(nulls_first=True)
    )
    used = accounts.filter(connections__in=Connection.objects.enabled()).distinct()
    return [account for account in used if is_stale(account, now=now)]


def _refreshed(account: Account) -> bool:
    connections = Connection.objects.enabled().filter(account=account).order_by("created_at")
    connection = next((each for each in connections if is_verified(each)), None)
    if connection is None:
        return False
    try:
        refresh_catalog(connection, now=timezone.now())
    except CatalogUnreadable as error:
        log.warning("catalog not read", account=account.pk, why=str(error))
        return False
    return True
