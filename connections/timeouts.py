"""Which accounts do not answer, so that waiting for them keeps nobody else waiting."""

from __future__ import annotations

from connections.clock import database_now
from connections.models import Account


def note_timeout(account_id: int) -> None:
    """Remember that the account's last call got no answer in time."""
    Account.objects.filter(pk=account_id).update(last_timeout_at=database_now())


def note_answer(account_id: int) -> None:
    """Forget that: the account answers again."""
    Account.objects.filter(pk=account_id).update(last_timeout_at=None)
