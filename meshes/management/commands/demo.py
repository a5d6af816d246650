"""`manage.py demo`: the whole product in one terminal, and one event told as it happens."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from connections.destinations.activecampaign.sandbox import SandboxServer
from meshes.demo.environment import FOLDER, AnotherRuns, alone, forget_last_run
from meshes.demo.processes import Children, DidNotStart, port_is_free
from meshes.demo.scene import NoScene, Scene, make_scene
from meshes.demo.story import StoryBroke, tell

DEFAULT_PORT = 8000
LAST_PORT = 65_534  # the sandbox takes the next one
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    """Web server, worker, database and sandbox together; nothing of yours is touched."""

    help = "Show Meshes at work with its own database and an ActiveCampaign sandbox."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare `--once` and `--port`."""
        parser.add_argument("--once", action="store_true", help="exit after the demonstration")
        parser.add_argument(
            "--port", type=_port, default=DEFAULT_PORT, help="web port; the sandbox takes the next"
        )

    def handle(self, *_args: Any, once: bool, port: int, **_options: Any) -> None:
        """Run the demonstration; exit code 1 with the reason when the tag did not arrive."""
        _end_gracefully()
        try:
            with alone():
                self._refuse_taken_ports(port)
                self._run(port=port, once=once)
        except (AnotherRuns, NoScene, StoryBroke, DidNotStart) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            if once:
                raise CommandError("Stopped before the demonstration came to its end.") from None
            self.stdout.write("\nStopped.")

    def _run(self, *, port: int, once: bool) -> None:
        forget_last_run()
        self.stdout.write("Meshes demonstration\n")
        call_command("migrate", verbosity=0, interactive=False)
        with SandboxServer(port=port + 1) as sandbox, Children(FOLDER) as children:
            self._play(sandbox, children, port=port, once=once)

    def _play(self, sandbox: SandboxServer, children: Children, *, port: int, once: bool) -> None:
        scene = make_scene(sandbox)
        self.stdout.write(f"  Connection       {scene.connection.name}: {scene.found}")
        children.start_web(port)
        children.start_worker()
        self.stdout.write("  Running          web server, worker and ActiveCampaign sandbox\n")
        tell(scene, sandbox, children, port=port, say=self.stdout.write)
        if not once:
            self._stay(scene, sandbox, children, port=port)

    def _stay(self, scene: Scene, sandbox: SandboxServer, children: Children, *, port: int) -> None:
        self.stdout.write(
            f"\n  Admin            http://localhost:{port}/admin/\n"
            f"                   user admin, password {scene.password}\n"
            f"  Sandbox page     {sandbox.url}/\n"
            f"  Publishable key  {scene.key.key}\n"
            "\n  Press Ctrl-C to stop; the next run starts clean."
        )
        while True:
            children.check()
            threading.Event().wait(1.0)

    def _refuse_taken_ports(self, port: int) -> None:
        for number in (port, port + 1):
            if not port_is_free(number):
                raise CommandError(
                    f"Port {number} is in use. Stop the program that uses it, or choose "
                    f"another one: make demo ARGS='--port {port + 100}'."
                )


def _port(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= LAST_PORT:
        return int(text)
    raise ArgumentTypeError(f"choose a number from 1 to {LAST_PORT}, not {text}")


def _end_gracefully() -> None:
    """End like Ctrl-C when asked to, also by closing the terminal, but not under nohup."""
    for number in ENDINGS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _as_interrupt)


def _as_interrupt(*_: object) -> None:
    raise KeyboardInterrupt
