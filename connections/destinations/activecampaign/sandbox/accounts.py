"""The accounts of one server: each with a key, maybe a host, and all of its own.

Finding one is by host first, else by key; a host's account takes no other key.
"""

from threading import Lock

from connections.destinations.activecampaign.sandbox.faults import Faults
from connections.destinations.activecampaign.sandbox.limiter import Verdict, make_limiter
from connections.destinations.activecampaign.sandbox.messages import Request
from connections.destinations.activecampaign.sandbox.request_log import RequestLog
from connections.destinations.activecampaign.sandbox.seed import Seed, sow
from connections.destinations.activecampaign.sandbox.settings import Settings
from connections.destinations.activecampaign.sandbox.state import State
from connections.destinations.activecampaign.sandbox.tables import Data

DEFAULT = "default"
# Requests with a wrong key belong to no account; the default one shows them.
NOBODY = ""


class Account:
    """One account: data, faults, limiter and settings of its own."""

    def __init__(
        self, *, name: str, key: str, host: str | None, settings: Settings, log: RequestLog
    ):
        self.name = name
        self.key = key
        self.host = host
        self.faults = Faults()
        shown = (name, NOBODY) if name == DEFAULT else (name,)
        self.state = State(log=log, accounts=shown)
        self._log = log
        self._shown = shown
        self._seed: Seed | None = None
        self.settings = settings
        self._limiter = make_limiter(settings.limiter, settings.rate_per_second)

    def configure(self, **values: object) -> None:
        """Change settings; a change of the limit starts it afresh.

        Raises: ValueError with a sentence.
        """
        before, self.settings = self.settings, self.settings.changed(**values)
        after = self.settings
        if (before.limiter, before.rate_per_second) != (after.limiter, after.rate_per_second):
            self._limiter = make_limiter(after.limiter, after.rate_per_second)

    def ask(self, now: float) -> Verdict | None:
        """What the limiter says about a request now; None when there is no limit."""
        return self._limiter.ask(now) if self._limiter else None

    def seed(self, seed: Seed) -> None:
        """Fill with sample data now and after each reset."""
        self._seed = seed
        sow(self.state, seed)

    def reset(self) -> None:
        """Start over: sample data as at first, no faults, an empty log, a fresh limiter."""
        self.faults.clear()
        self._log.forget(*self._shown)
        self._limiter = make_limiter(self.settings.limiter, self.settings.rate_per_second)
        with self.state.lock:
            self.state.data = Data()
            if self._seed:
                sow(self.state, self._seed)


class Accounts:
    """All accounts of a server, by name, host and key."""

    def __init__(self, log: RequestLog):
        self._log = log
        self._lock = Lock()
        self._by_name: dict[str, Account] = {}

    def add(
        self, *, key: str, settings: Settings, name: str | None = None, host: str | None = None
    ) -> Account:
        """A new account.

        Raises: ValueError when the key is no usable key, or name or host are taken.
        """
        if not key or not key.isascii() or not key.isprintable():
            raise ValueError("The key must be printable ASCII text, not empty.")
        with self._lock:
            name = (
                name or host or (f"account-{len(self._by_name) + 1}" if self._by_name else DEFAULT)
            )
            if name in self._by_name or (host and self._with_host(host)):
                raise ValueError(f"There is an account {host or name} already.")
            account = Account(name=name, key=key, host=host, settings=settings, log=self._log)
            self._by_name[name] = account
            return account

    def all(self) -> list[Account]:
        """Every account, in the order of addition."""
        return list(self._by_name.values())

    def named(self, name: str) -> Account | None:
        """The account with this name."""
        return self._by_name.get(name)

    def hosts(self) -> set[str]:
        """The hosts that belong to accounts."""
        return {account.host for account in self.all() if account.host}

    def of(self, request: Request) -> Account | None:
        """The account that the request reaches with a right key, or None."""
        key = request.headers.get("api-token", "")
        own = self._with_host(bare_host(request.host))
        candidates = [own] if own else self.all()
        return next((account for account in candidates if account.key == key), None)

    def _with_host(self, host: str) -> Account | None:
        return next((row for row in self.all() if row.host == host.lower()), None)


def bare_host(host: str) -> str:
    """A Host header without its port, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
