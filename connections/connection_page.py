"""What stands above the form of a connection: its state, last test, budget and catalog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.urls import reverse

from connections import destinations
from connections.activation import is_verified
from connections.budget import Budget, budget_of
from connections.catalog import visible_catalog
from connections.models import Connection
from connections.states import ago, is_refused, notes_of, state_of
from connections.waiting import held_over
from meshes import moments
from meshes.charts import Bars, bars

KINDS = {"tag": "Tags", "list": "Lists", "field": "Fields"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a card."""

    label: str
    value: str


def page_of(connection: Connection, *, now: datetime) -> dict[str, Any]:
    """The cards of the page; what the account is like only after it accepted the key."""
    name = destinations.destination(connection.kind).name
    known = is_verified(connection)
    budget = budget_of(connection.account, now=now, name=name) if known else None
    return {
        "state": state_of(connection, now=now),
        "notes": notes_of(connection, now=now),
        "held": held_over([connection.pk]).get(connection.pk),
        "test": _test(connection),
        "budget": budget,
        "sent": f"{budget.sent:,}" if budget else "",
        "chart": _chart(budget) if budget else None,
        "rate": f"{connection.account.requests_per_second:g}",
        "holds": _holds(connection),
        "read": _read(connection),
        "read_error": connection.account.catalog_error,
    }


def _test(connection: Connection) -> dict[str, Any]:
    last = connection.last_check
    if connection.checked_at is None:
        return {"tone": "warning", "words": "Nobody has tested it yet.", "facts": []}
    facts = [
        Fact("Tested", f"{ago(connection.checked_at).capitalize()}, {_at(connection.checked_at)}")
    ]
    if last.get("ok"):
        lacking = ", ".join(last.get("missing") or ()) or "None of those that Meshes asks for"
        facts += [
            Fact("Account name", str(last.get("account_name", ""))),
            Fact("Tags", _counted(last.get("tags"))),
            Fact("Lists", _counted(last.get("lists"))),
            Fact("Permissions missing", lacking),
        ]
    if last.get("latency_ms"):
        facts.append(Fact("Answer time", f"{last['latency_ms']} ms"))
    return {"tone": _tone(connection), "words": _words(connection), "facts": facts}


def _tone(connection: Connection) -> str:
    last = connection.last_check
    if not last.get("ok") or is_refused(connection):
        return "bad"
    return "warning" if last.get("missing") else "good"


def _words(connection: Connection) -> str:
    said = str(connection.last_check.get("message", ""))
    if not connection.last_check.get("ok") or not is_refused(connection):
        return said
    return f"{said} The account has refused the key since then; test again when it should work."


def _counted(count: int | None) -> str:
    return "The key may not read them" if count is None else f"{count:,}"


def _holds(connection: Connection) -> list[dict[str, Any]]:
    found = dict(visible_catalog(connection).present().values_list("kind").annotate(Count("pk")))
    url = reverse("admin:connections_catalogentry_changelist")
    return [
        {
            "name": name,
            "count": f"{found.get(kind, 0):,}",
            "url": f"{url}?account={connection.account_id}&kind={kind}",
        }
        for kind, name in KINDS.items()
    ]


def _read(connection: Connection) -> str:
    read_at = connection.account.catalog_refreshed_at
    return f"Read {ago(read_at)}, {_at(read_at)}." if read_at else "Not read yet."


def _chart(budget: Budget) -> Bars:
    shown = budget.hours
    return bars(
        [((hour.sent, "busy"), (hour.refused, "bad")) for hour in shown],
        titles=[f"{hour.name}: {hour.sent:,} sent, {hour.refused:,} refused" for hour in shown],
        label=f"Requests by the hour, the last {len(shown)} hours; red were refused",
    )


def _at(moment: datetime) -> str:
    return moments.moment(moment)
