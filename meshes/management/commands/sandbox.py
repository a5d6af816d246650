"""`manage.py sandbox`: the ActiveCampaign sandbox alone, until it is told to stop."""

import contextlib
import json
import signal
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connections.destinations.activecampaign.sandbox import PortTaken, SandboxServer, Seed


class Command(BaseCommand):
    """Starts the sandbox and waits; everything it does lives in its own package."""

    help = "Run a stand-in for ActiveCampaign on this machine, with a live page."
    # It uses no database and no setting, so it runs before either is in order.
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options, all of them with a default."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8900, help="0 takes any free one")
        parser.add_argument("--key", default="sandbox-key", help="the API key it accepts")
        parser.add_argument(
            "--rate", type=float, default=5.0, help="requests a second, 0: no limit"
        )
        parser.add_argument("--limiter", choices=("window", "bucket"), default="window")
        parser.add_argument("--latency", type=float, default=0.0, help="seconds for each call")
        parser.add_argument("--import-delay", type=float, default=3.0, help="seconds")
        parser.add_argument("--tags", type=int, default=0, help="so many more tags, for paging")
        parser.add_argument("--empty", action="store_true", help="no sample data")
        parser.add_argument(
            "--fault",
            action="append",
            default=[],
            metavar="NAME[=JSON]",
            help="a fault switch to start with, such as rate_limit='{\"count\": 3}'",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, say where, wait for a signal, stop."""
        try:
            server = _prepared(options)
            server.start()
        except (ValueError, PortTaken) as error:
            raise CommandError(str(error)) from error
        try:
            with _stop_on_signals() as stop:
                self._announce(server)
                stop.wait()
        finally:
            server.stop()
        self.stdout.write("The sandbox has stopped.")

    def _announce(self, server: SandboxServer) -> None:
        self.stdout.write("The ActiveCampaign sandbox is running.")
        self.stdout.write(f"  API address  {server.url}")
        self.stdout.write(f"  API key      {server.key}")
        self.stdout.write(f"  Live page    {server.url}/")
        self.stdout.write("Press Ctrl+C to stop it. Its data is kept in memory only.")
        self.stdout.flush()


def _prepared(options: dict[str, Any]) -> SandboxServer:
    if not 0 <= options["port"] <= 65535:
        raise ValueError("--port must be from 0 to 65535.")
    server = SandboxServer(
        host=options["host"],
        port=options["port"],
        key=options["key"],
        rate_per_second=options["rate"] or None,
        latency_s=options["latency"],
        limiter=options["limiter"],
        seed=Seed(samples=not options["empty"], tags=max(0, options["tags"])),
    )
    server.configure(import_delay_s=options["import_delay"])
    for text in options["fault"]:
        name, _, details = text.partition("=")
        server.faults.set(name, **_parsed(name, details))
    return server


def _parsed(name: str, details: str) -> dict[str, Any]:
    try:
        parsed = json.loads(details or "{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ValueError(f"--fault {name} needs a JSON object, such as {name}='{{\"count\": 3}}'.")
    return parsed


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    stop = threading.Event()
    # Only the main thread may set signal handlers; elsewhere the caller ends us.
    main = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if main else ()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
