"""Takes a person's second factor away, for one who has lost the phone and the codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from meshes import audit, second_factors
from meshes.audit import Kind
from meshes.people import named


class Command(BaseCommand):
    """The command line around `remove`."""

    help = "Takes a person's second factor away; they sign in by password and set up a new one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("username", help="the person's user name")

    def handle(self, *_: Any, username: str, **__: Any) -> None:
        """Remove it, and say so."""
        person = named(username)
        if person is None:
            raise CommandError("Nobody of the staff has this user name.")
        if not second_factors.remove(person):
            raise CommandError("This person has no second factor.")
        by = audit.command("resetsecondfactor")
        audit.note(Kind.FACTOR, by=by, about=person, said="Taken away.")
        self.stdout.write("The second factor is taken away; the password alone opens from now on.")
