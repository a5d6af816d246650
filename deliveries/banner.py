"""The banner above every page of the admin: what needs a person now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Exists, OuterRef, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.text import capfirst

from deliveries import canary, wording
from deliveries.alert_letters import headline, path_of
from deliveries.alerts import FAILURES_SHOWN
from deliveries.models import Alert
from meshes.models import AlertContact
from meshes.visibility import is_visible

SHOWN = 5
COUNTED = 100
ORDER = Case(
    When(kind=Alert.Kind.CONNECTION_INACTIVE, then=Value(0)),
    When(kind=Alert.Kind.RULE_HELD, then=Value(1)),
    When(kind=Alert.Kind.SILENCE, then=Value(2)),
    default=Value(3),
)
MAY_OPEN = {
    Alert.Kind.CONNECTION_INACTIVE: "connections.view_connection",
    Alert.Kind.RULE_HELD: "rules.view_rule",
    Alert.Kind.FAILURES: "deliveries.view_delivery",
    Alert.Kind.SILENCE: "deliveries.view_event",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One alert; `url` is empty for people who may not open the page."""

    text: str
    since: str
    url: str


@dataclass(frozen=True, slots=True)
class Banner:
    """How many alerts are open, the first of them, and workspaces that told nobody."""

    heading: str = ""
    lines: tuple[Line, ...] = ()
    untold: tuple[str, ...] = ()
    all_url: str = ""
    contacts_url: str = ""


def open_alerts(request: HttpRequest) -> dict[str, Any]:
    """What the admin's pages show; asks the database only when a page does show it."""
    return {"alert_banner": SimpleLazyObject(lambda: banner_for(getattr(request, "user", None)))}


def banner_for(user: Any) -> Banner:
    """The banner of this person, empty when nothing is open; a query, for operators two."""
    if user is None or not (user.is_authenticated and user.is_active and user.is_staff):
        return Banner()
    found, ours = _found(user), _canary(user)
    if not found and not ours:
        return Banner()
    return Banner(
        heading=_heading(len(found) + len(ours)),
        lines=(*ours, *(_line(alert, user) for alert in found[:SHOWN])),
        untold=tuple(sorted({str(a.workspace) for a in found if not a.has_contact})),
        all_url=_allowed(user, "deliveries.view_alert", "admin:deliveries_alert_changelist"),
        contacts_url=_allowed(user, "meshes.add_alertcontact", "admin:meshes_alertcontact_add"),
    )


def _found(user: Any) -> list[Any]:
    contacts = AlertContact.objects.live().filter(workspace=OuterRef("workspace"))
    alerts = Alert.objects.filter(
        is_visible(user, path="workspace"),
        resolved_at__isnull=True,
        workspace__deleted_at__isnull=True,
    ).exclude(kind=Alert.Kind.FAILURES, last_at__lt=timezone.now() - FAILURES_SHOWN)
    # Mostly nothing is open; only what is asks for its names.
    alerts = alerts.prefetch_related("workspace", "connection", "rule__connection")
    shown = alerts.annotate(has_contact=Exists(contacts)).order_by(ORDER, "id")
    return list(shown[: COUNTED + 1])


def _canary(user: Any) -> tuple[Line, ...]:
    """A line for operators when no canary has arrived for too long.

    Why: it is no alert with a row, as nobody may be left who could open one.
    """
    if not user.is_superuser:
        return ()
    found = canary.standing(timezone.now())
    if found.state != "red":
        return ()
    since = f"last green {wording.moment(found.green.at)}" if found.green else "never green"
    text = "The canary does not arrive, so deliveries may not go out."
    return (Line(text, since, reverse("admin:index")),)


def _heading(count: int) -> str:
    if count == 1:
        return "1 alert needs a person"
    many = f"more than {COUNTED}" if count > COUNTED else str(count)
    return f"{capfirst(many)} alerts need a person"


def _line(alert: Alert, user: Any) -> Line:
    may = user.has_perm(MAY_OPEN[Alert.Kind(alert.kind)])
    since = f"{alert.workspace}, since {wording.moment(alert.raised_at)}"
    if alert.kind == Alert.Kind.FAILURES:
        since = f"{alert.workspace}, until {wording.moment(alert.last_at)}"
    return Line(f"{headline(alert)}.", since, path_of(alert) if may else "")


def _allowed(user: Any, permission: str, page: str) -> str:
    return reverse(page) if user.has_perm(permission) else ""
