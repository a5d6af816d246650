"""The background worker that imports queued batches and calls back when asked to.

Time passes here for real; what an import does is decided elsewhere.
"""

import time
from threading import Event

from connections.destinations.activecampaign.sandbox import callback, importing
from connections.destinations.activecampaign.sandbox.accounts import Account, Accounts
from connections.destinations.activecampaign.sandbox.messages import Request
from connections.destinations.activecampaign.sandbox.rows import Batch

TICK_S = 0.05


class ImportWorker:
    """Looks for due batches of all accounts until told to stop."""

    def __init__(self, *, accounts: Accounts, stopping: Event):
        self._accounts = accounts
        self._stopping = stopping

    def run(self) -> None:
        """Work until stopped."""
        while not self._stopping.wait(TICK_S):
            for account in self._accounts.all():
                for batch in _finished(account):
                    callback.send(batch)


def _finished(account: Account) -> list[Batch]:
    delay_s = account.settings.import_delay_s
    with account.state.lock:
        data, now = account.state.data, time.time()
        batches = importing.due(data, now=now, delay_s=delay_s)
        for batch in batches:
            failed = account.faults.take("import_outcome", _AS_REQUEST)
            if failed:
                batch.outcome, batch.finished = failed["status"], now
            else:
                importing.work(data, batch, now=now)
        return [batch for batch in batches if batch.callback]


# A switch is asked about a request; for the worker that is the one that queued the batch.
_AS_REQUEST = Request("POST", "/api/3/import/bulk_import", {})
