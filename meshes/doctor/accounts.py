"""Whether connections may be used, and rules do their work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connections.checking import try_out
from connections.clock import database_now
from connections.models import Connection
from connections.states import pause_of
from meshes.doctor.findings import Asked, Finding, broken, many, ok, warning
from meshes.hidden import shown
from rules.models import Rule

SEE = "Open Connections in the admin; each page says what to do."


def look(asked: Asked) -> Iterator[Finding]:
    """How many connections are on, refused or paused; with `--probe` each is asked."""
    live = Connection.objects.live().filter(shown(), workspace__deleted_at__isnull=True)
    rows = list(live.select_related("account").order_by("created_at"))
    now = database_now()
    counts = Counter(_state(row) for row in rows)
    paused = sum(bool(row.active and pause_of(row.account, now=now)) for row in rows)
    if not rows:
        yield ok("There is no connection yet.")
        return
    if counts["refused"]:
        yield warning(
            f"Off, as their key is refused: {counts['refused']:,} of "
            f"{many(len(rows), 'connection')}; their deliveries are held.",
            SEE,
        )
    if paused:
        paused_ones = many(paused, "connection")
        yield warning(f"Paused by their account: {paused_ones}.", SEE)
    if not counts["refused"] and not paused:
        off = f", {counts['off']} switched off by a person" if counts["off"] else ""
        yield ok(f"On: {many(counts['on'], 'connection')}{off}.")
    if asked.probe:
        yield from _probed([row for row in rows if row.active])


def rules(_asked: Asked) -> Iterator[Finding]:
    """How many rules are on, and how many wait for a person."""
    live = Rule.objects.enabled().filter(shown(), workspace__deleted_at__isnull=True)
    held, enabled = live.exclude(held_reason="").count(), live.count()
    if held:
        yield warning(
            f"On hold: {held:,} of {many(enabled, 'rule')}; their deliveries wait.",
            "Open Rules in the admin, and choose another tag or list for each.",
        )
    else:
        yield ok(f"On: {many(enabled, 'rule')}, none of them on hold.")


def _state(row: Connection) -> str:
    if row.active:
        return "on"
    return "off" if row.inactive_reason in ("", "manually_inactivated") else "refused"


def _probed(rows: list[Connection]) -> Iterator[Finding]:
    """Ask each account, in a slot of its own; nothing is stored.

    Why: a connection is named by its id, as people give names and addresses away in names.
    """
    failed = []
    for row in rows:
        result = try_out(row)
        if not result.ok:
            failed.append((row, result.reason))
    for row, reason in failed:
        yield broken(
            f"Connection {row.pk} does not work ({reason or 'no answer'}).",
            "Open its page in the admin and test it there.",
        )
    if not failed:
        yield ok(f"Asked: {many(len(rows), 'account')}; each takes its key.")
