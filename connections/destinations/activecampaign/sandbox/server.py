"""The sandbox server: start, stop, accounts. The one class that others use."""

from threading import Event, Thread
from types import TracebackType

from connections.destinations.activecampaign.sandbox.accounts import DEFAULT, Account, Accounts
from connections.destinations.activecampaign.sandbox.application import Api
from connections.destinations.activecampaign.sandbox.faults import Faults
from connections.destinations.activecampaign.sandbox.import_worker import ImportWorker
from connections.destinations.activecampaign.sandbox.listener import Listener
from connections.destinations.activecampaign.sandbox.messages import Answer, Request
from connections.destinations.activecampaign.sandbox.request_log import RequestLog
from connections.destinations.activecampaign.sandbox.seed import Seed
from connections.destinations.activecampaign.sandbox.settings import Settings
from connections.destinations.activecampaign.sandbox.site import Site
from connections.destinations.activecampaign.sandbox.state import State


class PortTaken(OSError):
    """The address cannot be listened on; the message says what to do."""


class SandboxServer:
    """A stand-in for ActiveCampaign on a local port, with data in memory.

    Why: `seed` fills the default account with sample data; more accounts start empty.
    """

    def __init__(  # noqa: PLR0913 - the settings that tests and commands choose
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        key: str = "sandbox-key",
        rate_per_second: float | None = 5.0,
        latency_s: float = 0.0,
        limiter: str = "window",
        seed: bool | Seed = True,
    ):
        self.host = host
        self.log = RequestLog()
        self._wanted_port = port
        self._stopping = Event()
        self._listeners: dict[str, Listener] = {}
        self.accounts = Accounts(self.log)
        settings = Settings(rate_per_second=rate_per_second, latency_s=latency_s, limiter=limiter)
        self.default = self.accounts.add(key=key, settings=settings, name=DEFAULT)
        self.default.seed(seed if isinstance(seed, Seed) else Seed(samples=seed))
        self._api = Api(accounts=self.accounts, log=self.log, stopping=self._stopping)
        self._site = Site(accounts=self.accounts, log=self.log, bound_host=host)
        self._worker: Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        first = self._listeners.get(self.host)
        return first.server_address[1] if first else self._wanted_port

    @property
    def url(self) -> str:
        """The address without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    @property
    def key(self) -> str:
        """The default account's key."""
        return self.default.key

    @property
    def state(self) -> State:
        """The default account's data."""
        return self.default.state

    @property
    def faults(self) -> Faults:
        """The default account's fault switches."""
        return self.default.faults

    @property
    def settings(self) -> Settings:
        """The default account's settings; change them with `configure`."""
        return self.default.settings

    def configure(self, **values: object) -> None:
        """Change settings of the default account while it runs."""
        self.default.configure(**values)

    def add_account(
        self,
        *,
        key: str,
        host: str | None = None,
        name: str | None = None,
        seed: bool | Seed = False,
        **settings: object,
    ) -> Account:
        """One more account, with the default one's settings unless given.

        Why: a `host` such as account-7.localhost is told by its Host header; one such as
        127.0.0.7 gets a listening socket of its own on the same port.
        """
        account = self.accounts.add(
            key=key, settings=self.settings.changed(**settings), name=name, host=host
        )
        account.seed(seed if isinstance(seed, Seed) else Seed(samples=seed))
        if self._listeners:
            self._listen_for(account)
        return account

    def url_of(self, account: Account) -> str:
        """The address of an account: its own host, or the server's."""
        return f"http://{account.host or self.host}:{self.port}"

    def start(self) -> "SandboxServer":
        """Listen in the background.

        Raises: PortTaken when another program has the port.
        """
        self._stopping.clear()
        self._listen(self.host, self._wanted_port)
        for account in self.accounts.all():
            self._listen_for(account)
        worker = ImportWorker(accounts=self.accounts, stopping=self._stopping)
        self._worker = Thread(target=worker.run, daemon=True)
        self._worker.start()
        return self

    def stop(self) -> None:
        """Stop listening and let go of every connection, held ones too."""
        self._stopping.set()
        for listener in self._listeners.values():
            listener.stop()
        self._listeners.clear()
        if self._worker:
            self._worker.join(timeout=5)

    def __enter__(self) -> "SandboxServer":
        return self if self._listeners else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _listen_for(self, account: Account) -> None:
        host = account.host or ""
        if host.startswith("127.") and host not in self._listeners:
            self._listen(host, self.port)

    def _listen(self, host: str, port: int) -> None:
        try:
            listener = Listener(host, port, self._answer, self._stopping)
        except OSError as error:
            raise PortTaken(
                f"Cannot listen on {host}:{port} ({error.strerror}). "
                "Stop the program that uses the port, or choose another one with --port."
            ) from error
        self._listeners[host] = listener
        listener.run()

    def _answer(self, request: Request) -> Answer:
        if request.segments[0] == "api":
            return self._api.answer(request, self.settings)
        return self._site.answer(request)
