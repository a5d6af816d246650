"""Looks at everything that Meshes needs and says what to do; exits 1 when something is broken."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand

from meshes.doctor.examining import examine
from meshes.doctor.findings import Asked, Finding, Level

LEVELS: tuple[Level, ...] = ("ok", "warning", "broken", "skipped")
WIDTH = 9


class Command(BaseCommand):
    """The command line around `examine`."""

    help = "Says what is wrong with this installation and what to do; 1 when something is broken."
    # It runs them itself, so that what they find does not keep it from looking further.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How to print, and what may be visited."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--probe", action="store_true", help="call the account of each connection"
        )
        parser.add_argument("--mail", action="store_true", help="connect to the mail server")

    def handle(self, *_: Any, probe: bool, mail: bool, **options: Any) -> None:
        """Print each finding; end with 1 when something is broken, else with 0."""
        found: list[tuple[str, Finding]] = []
        for name, finding in examine(Asked(probe=probe, mail=mail)):
            found.append((name, finding))
            if not options["json"]:
                self.stdout.write(line(name, finding))
        counts = Counter(finding.level for _, finding in found)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(found, counts), indent=2))
        else:
            self.stdout.write(", ".join(f"{counts[level]} {level}" for level in LEVELS))
        if counts["broken"]:
            raise SystemExit(1)


def line(name: str, finding: Finding) -> str:
    """The finding as people read it, in one line."""
    advice = f" {finding.advice}" if finding.advice else ""
    return f"{finding.level:<{WIDTH}}{name}: {finding.text}{advice}"


def as_json(found: list[tuple[str, Finding]], counts: Counter[Any]) -> dict[str, Any]:
    """The findings as programs read them."""
    findings = [
        {"check": name, "level": each.level, "text": each.text, "advice": each.advice}
        for name, each in found
    ]
    return {"counts": {level: counts[level] for level in LEVELS}, "findings": findings}
