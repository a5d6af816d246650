"""The pages and API requests that read history, for one filled database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from deliveries.models import Event, Status
from deliveries.selecting import STATES
from meshes.pagination import Listing, cursor_at
from tests.bench import past
from tests.bench.past import FAILURES, Past
from tests.contract.machine import Machine, make_machine

ROWS = re.compile(rb"/admin/deliveries/(?:event|delivery)/\d+/change/")
SERVER = "localhost"
SOON = 5_400


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. Shape: `group` gathers lines of the table; `api` goes with a machine key."""

    group: str
    name: str
    path: str
    api: bool = False


class Browser:
    """Asks as a superuser and as a machine key of the history's organization."""

    def __init__(self, world: Past) -> None:
        self.staff = Client(SERVER_NAME=SERVER)
        self.staff.force_login(User.objects.create_superuser("bench"))
        self.machine: Machine = make_machine(world.organization)
        self.machine.client = Client(SERVER_NAME=SERVER)

    def ask(self, request: Ask) -> int:
        """How many rows the answer shows.

        Raises: RuntimeError when it is no success.
        """
        answer = self.machine.call("GET", request.path) if request.api else self._page(request)
        if answer.status_code != 200:
            raise RuntimeError(f"{request.path} answered {answer.status_code}.")
        return _shown(answer, api=request.api)

    def _page(self, request: Ask) -> Any:
        return self.staff.get(request.path)


def _shown(answer: Any, *, api: bool) -> int:
    if not api:
        return len(set(ROWS.findall(answer.content)))
    said = answer.json()
    return len(said) if isinstance(said, list) else said.get("count", 1)


def requests_of(world: Past) -> Iterator[Ask]:
    """Every request, the same ones for every size."""
    yield from _event_lists()
    yield from _delivery_lists(world)
    yield from _pages(world)
    yield from _api_lists(world)
    yield from _api_rest(world)


def _event_lists() -> Iterator[Ask]:
    filters = {
        "": {},
        "matched": {"matched": "yes"},
        "unmatched": {"matched": "no"},
        "real": {"is_test": "no"},
        "tests": {"is_test": "yes"},
        "event": {"event": past.EVENT},
        "rare event": {"event": past.RARE_EVENT},
        "since": {"since": "7d"},
        "until": {"until": "30d"},
        "email": {"q": past.PERSON},
        "user": {"q": past.USER},
        "page": {"q": past.PAGE},
        "rare page": {"q": past.RARE_PAGE},
    }
    yield from _lists("event list, each filter", "deliveries_event", filters)


def _delivery_lists(world: Past) -> Iterator[Ask]:
    filters = {
        "": {},
        **{state: {"status": state} for state in STATES},
        **{f"outcome {code}": {"outcome": code} for code in ("delivered", *FAILURES)},
        **{f"trigger {code}": {"trigger": code} for code in ("live", "replay", "backfill", "test")},
        "real": {"is_test": "no"},
        "tests": {"is_test": "yes"},
        "workspace": {"workspace": world.workspace.pk},
        "connection": {"connection": world.connection.pk},
        "rare connection": {"connection": world.rare_rule.connection_id},
        "rule": {"rule": world.rule.pk},
        "rare rule": {"rule": world.rare_rule.pk},
        "event": {"event": past.EVENT},
        "rare event": {"event": past.RARE_EVENT},
        "reason": {"reason": "email_invalid"},
        "held for a reason": {"reason": "connection_inactive"},
        "since": {"since": "7d"},
        "until": {"until": "30d"},
        "job": {"job": world.job.pk},
        "email": {"q": past.PERSON},
        "user": {"q": past.USER},
        "page": {"q": past.PAGE},
        "rare page": {"q": past.RARE_PAGE},
        "event's id": {"q": world.tried.event.uuid},
        "far back": {"before": world.tried.pk // 2},
    }
    yield from _lists("delivery list, each filter", "deliveries_delivery", filters)


def _lists(group: str, page: str, filters: dict[str, dict[str, Any]]) -> Iterator[Ask]:
    address = reverse(f"admin:{page}_changelist")
    for name, asked in filters.items():
        yield Ask(group, name or "all", f"{address}?{urlencode(asked)}")


def _pages(world: Past) -> Iterator[Ask]:
    one = Event.objects.filter(email=past.PERSON).latest("pk")
    pages: dict[str, tuple[str, list[Any]]] = {
        "home": ("index", []),
        "event": ("deliveries_event_change", [world.tried.event_id]),
        "delivery, 60 attempts": ("deliveries_delivery_change", [world.tried.pk]),
        "person, 100 events": ("deliveries_event_person", [one.pk]),
        "funnel": ("deliveries_eventhour_changelist", []),
        "unmatched events": ("deliveries_radar", []),
        "silent events": ("deliveries_silence", []),
        "rules": ("rules_rule_changelist", []),
        "rule": ("rules_rule_change", [world.rule.pk]),
        "connections": ("connections_connection_changelist", []),
        "connection": ("connections_connection_change", [world.connection.pk]),
    }
    for name, (page, args) in pages.items():
        yield Ask("home and pages of one row", name, reverse(f"admin:{page}", args=args))


def _api_lists(world: Past) -> Iterator[Ask]:
    own = f"/workspaces/{world.workspace.pk}/events"
    middle = cursor_at(
        [str(world.size // 2)], listing=Listing("events", str(world.organization.pk))
    )
    filters = {
        "event": {"event": past.EVENT},
        "rare event": {"event": past.RARE_EVENT},
        "resource": {"resource": past.RESOURCE},
        "rare resource": {"resource": past.RARE_RESOURCE},
        "resource_id": {"resource_id": past.SEQUENCE},
        "rare resource_id": {"resource_id": past.RARE_SEQUENCE},
        **{status: {"status": status} for status in Status.values},
    }
    paths = {
        "/events": "/events",
        "/events far back": f"/events?cursor={middle}",
        "/events of 200": "/events?limit=200",
        "workspace": own,
        **{name: f"{own}?{urlencode(asked)}" for name, asked in filters.items()},
    }
    for name, path in paths.items():
        yield Ask("API: lists of events, each filter", name, path, api=True)


def _api_rest(world: Past) -> Iterator[Ask]:
    event, rule = world.tried.event.uuid, world.rule.pk
    own, connection = f"/workspaces/{world.workspace.pk}", f"/connections/{world.connection.pk}"
    lists = ("/workspaces", "/connections", "/rules", f"/rules?event={past.EVENT}", "/integrations")
    of_workspace = ("connections", "rules", "event-types", "resources")
    paths = [
        *lists,
        *(f"{own}/{name}" for name in of_workspace),
        *(f"{connection}{name}" for name in ("", "/actions", "/fields", "/mappings/default")),
        f"/events/{event}",
        f"/events/{event}/payload",
        f"/events/{event}/rules/{rule}/attempts",
    ]
    for path in paths:
        short = path.replace(own, "W").replace(connection, "C").replace(str(event), "E")
        yield Ask("API: everything else that reads", short.replace(str(rule), "R"), path, api=True)
