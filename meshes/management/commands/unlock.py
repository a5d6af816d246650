"""Lets somebody try to sign in again after too many tries."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from meshes import audit, sign_in_tries
from meshes.audit import Kind
from meshes.people import named


class Command(BaseCommand):
    """The command line around `unlock`."""

    help = "Forgets failed tries to sign in, so that a person may try again at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whom to unlock."""
        parser.add_argument("username", nargs="?", default="", help="the person's user name")
        parser.add_argument("--all", action="store_true", help="everybody, and every address")

    def handle(self, *_: Any, username: str, all: bool, **__: Any) -> None:
        """Forget the tries, and say how many counts there were."""
        if bool(username) == all:
            raise CommandError("Name one person, or say --all.")
        person = named(username) if username else None
        if username and person is None:
            raise CommandError("Nobody of the staff has this user name.")
        if person is None:
            count = sign_in_tries.unlock_all()
        else:
            count = sign_in_tries.unlock(username)
            count += sign_in_tries.unlock(sign_in_tries.code_of(person))
        audit.note(Kind.COMMAND, by=audit.command("unlock"), about=person, said="Unlocked.")
        self.stdout.write(f"Unlocked: {count} counts of tries are forgotten.")
