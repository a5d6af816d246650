"""Creates a machine key for server-side clients and shows its secret, once."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from meshes import audit
from meshes.audit import Kind
from meshes.keys import create_machine_key
from meshes.management.organizations import organization_named, workspaces_named

BY = "createmachinekey"
LONGEST_NAME = 64


class Command(BaseCommand):
    """The command line around `create_machine_key`."""

    help = "Creates a machine key and prints its secret, which is not shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The name, and optionally what the key is limited to and the form of the answer."""
        parser.add_argument("name", help="what the key is for, at most 64 characters")
        parser.add_argument("--org", help="name or id of the organization (the first one)")
        parser.add_argument(
            "--workspace",
            action="append",
            default=[],
            help="name or id of a workspace to limit it to; repeat it for more (all)",
        )
        parser.add_argument("--read-only", action="store_true", help="it may change nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: Any, name: str, org: str | None, json: bool, **limits: Any) -> None:
        """Create the key, then print what a client needs."""
        if not 1 <= len(name.strip()) <= LONGEST_NAME:
            raise CommandError(f"A key's name has 1 to {LONGEST_NAME} characters.")
        organization = organization_named(org)
        key, secret = create_machine_key(
            organization,
            name=name.strip(),
            by=BY,
            workspaces=workspaces_named(limits["workspace"], organization),
            read_only=limits["read_only"],
        )
        audit.note(Kind.COMMAND, by=audit.command(BY), about=key)
        answer = {"org_id": str(organization.id), "access_key": key.access_key}
        self._print({**answer, "secret_key": secret}, as_json=json)

    def _print(self, answer: dict[str, str], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(answer))
            return
        for name, value in answer.items():
            self.stdout.write(f"{name}: {value}")
        self.stdout.write("Keep the secret key now: it is not shown again.")
