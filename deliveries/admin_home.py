"""The home page of the admin: how onboarding does at a glance, and what needs a person.

Every number leads to the list behind it; nothing here changes a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from connections.models import Connection
from connections.states import state_of
from deliveries import beats, canary, wording
from deliveries.guide_progress import address_of, next_address, progress_of
from deliveries.models import BooksCheck, Delivery, Event, EventHour
from deliveries.permissions import MAY_SEE_EVENTS
from deliveries.reasons import explained
from deliveries.reports import Report, reports
from meshes.charts import Bars, bars
from meshes.models import Workspace
from meshes.theme import may_open_guide
from meshes.visibility import sees_all, visible_workspaces
from rules.models import Rule

PER_PAGE = 10
TROUBLES = 8
MAY_SEE = "deliveries.view_delivery"
CANARY_TONES = {"new": "off", "green": "good", "red": "bad"}
# The funnel is a page about events, though its numbers come from the hourly counts.
MAY_OPEN = {Event: MAY_SEE_EVENTS, EventHour: MAY_SEE_EVENTS, Delivery: MAY_SEE}


@dataclass(frozen=True, slots=True)
class Tile:
    """A number with its list. Shape: `beside` is a second number in words, with its own list."""

    label: str
    number: str
    url: str
    tone: str = ""
    beside: str = ""
    beside_url: str = ""


@dataclass(frozen=True, slots=True)
class Sign:
    """How one part of the installation is. Shape: `advice` is empty when all is well."""

    label: str
    state: str
    tone: str
    advice: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A connection or rule that needs a person."""

    text: str
    url: str


def home(request: HttpRequest) -> dict[str, Any]:
    """What the index page shows; asks the database only when that page does show it."""
    return {"home": SimpleLazyObject(lambda: home_page(request))}


def home_page(request: HttpRequest) -> dict[str, Any]:
    """Signs of the installation and a card for each workspace that the person may see."""
    now = timezone.now()
    if not request.user.has_perm(MAY_SEE):
        return {"cards": [], "signs": [], "pages": []}
    workspaces = list(visible_workspaces(request.user).order_by("name"))
    first = _first(request, len(workspaces))
    shown = workspaces[first : first + PER_PAGE]
    troubles = _troubles(request, shown, now)
    told = reports(shown, now=now)
    open_steps = _open_steps(request, shown, now)
    return {
        "cards": [
            _card(request, each, troubles[each.workspace.pk], now)
            | {"guide": open_steps.get(each.workspace.pk)}
            for each in told
        ],
        "signs": list(_signs(request, told, now)),
        "pages": _pages(first, len(workspaces)),
        "empty": not workspaces,
        "guide_url": address_of(None) if may_open_guide(request) else "",
        "counted": wording.moment(now),
        "canary_every": _canary_period(),
    }


def _open_steps(
    request: HttpRequest, workspaces: list[Workspace], now: datetime
) -> dict[Any, dict[str, str]]:
    """For workspaces that are not done with the guide: how far, what is next, and where."""
    if not may_open_guide(request):
        return {}
    return {
        pk: {"words": each.words, "next": each.next, "url": next_address(request.user, pk, each)}
        for pk, each in progress_of(workspaces, now=now).items()
        if not each.is_complete
    }


def _card(
    request: HttpRequest, report: Report, troubles: list[Trouble], now: datetime
) -> dict[str, Any]:
    name = report.workspace.name
    return {
        "name": name,
        "tiles": list(_tiles(request, report, now)),
        "hours": _by_hour(report),
        "days": _by_day(report),
        "troubles": troubles[:TROUBLES],
        "more": max(0, len(troubles) - TROUBLES),
        "quiet": not report.week["accepted"],
        "funnel": _list(request, EventHour, report.workspace),
    }


def _tiles(request: HttpRequest, report: Report, now: datetime) -> Iterator[Tile]:
    day, week, waits = report.day, report.week, report.now
    asked: tuple[tuple[str, str, type[Any], dict[str, str], str], ...] = (
        ("Accepted", "accepted", Event, {}, ""),
        ("Matched", "matched", Event, {"matched": "yes"}, ""),
        ("Delivered", "delivered", Delivery, {"status": "delivered"}, "good"),
        ("Failed", "failed", Delivery, {"status": "failed"}, "bad"),
    )
    for label, key, model, query, tone in asked:
        urls = [
            _list(request, model, report.workspace, since=since, **query) for since in ("24h", "7d")
        ]
        told, colored = f"{week[key]:,} in 7 days", tone if day[key] else ""
        yield Tile(label, f"{day[key]:,}", urls[0], colored, told, urls[1])
    oldest = f"oldest for {_age(waits.oldest, now)}" if waits.oldest else "nothing waits"
    waiting = _list(request, Delivery, report.workspace, status="unfinished")
    held = _list(request, Delivery, report.workspace, status="held")
    yield Tile(
        "Waiting now", f"{waits.waiting:,}", waiting, "busy" if waits.waiting else "", oldest
    )
    yield Tile("Held now", f"{waits.held:,}", held, "held" if waits.held else "", "for a person")


def _list(request: HttpRequest, model: type[Any], workspace: Workspace, **query: str) -> str:
    """The list behind a number, '' for those who may not open it."""
    name = model._meta.model_name
    if not request.user.has_perm(MAY_OPEN[model]):
        return ""
    asked = {"workspace": str(workspace.pk), **query}
    return f"{reverse(f'admin:deliveries_{name}_changelist')}?{urlencode(asked)}"


def _by_hour(report: Report) -> Bars:
    titles = [f"{wording.moment(hour)}: {_told(counts)}" for hour, counts in report.hours]
    return bars(
        [_pieces(counts) for _, counts in report.hours],
        titles=titles,
        label=f"Deliveries by the hour, last 24 hours: {_told(report.day)}",
    )


def _by_day(report: Report) -> Bars:
    titles = [f"24 hours from {wording.moment(day)}: {_told(c)}" for day, c in report.days]
    return bars(
        [_pieces(counts) for _, counts in report.days],
        titles=titles,
        label=f"Deliveries by the day, last 7 days: {_told(report.week)}",
    )


def _pieces(counts: Any) -> list[tuple[int, str]]:
    return [(counts["delivered"], "good"), (counts["failed"], "bad")]


def _told(counts: Any) -> str:
    return f"{counts['delivered']:,} delivered, {counts['failed']:,} failed"


def _troubles(
    request: HttpRequest, workspaces: list[Workspace], now: datetime
) -> dict[Any, list[Trouble]]:
    """What needs a person in each workspace, connections first."""
    found: dict[Any, list[Trouble]] = {workspace.pk: [] for workspace in workspaces}
    connections = Connection.objects.live().filter(workspace__in=found)
    for connection in connections.select_related("account").order_by("name"):
        state = state_of(connection, now=now)
        if state.tone in ("bad", "warning"):
            found[connection.workspace_id].append(
                Trouble(f"{connection.name}: {state}", _page(request, connection))
            )
    rules = Rule.objects.live().filter(workspace__in=found).exclude(held_reason="")
    for rule in rules.select_related("connection").order_by("name"):
        found[rule.workspace_id].append(Trouble(_on_hold(rule), _page(request, rule)))
    return found


def _on_hold(rule: Rule) -> str:
    reason = explained(rule.held_reason, destination=rule.connection.get_kind_display())
    return f"{rule.name} is on hold. {reason.happened if reason else 'It needs a person.'}"


def _page(request: HttpRequest, row: Any) -> str:
    label, name = row._meta.app_label, row._meta.model_name
    may = request.user.has_perm(f"{label}.view_{name}")
    return reverse(f"admin:{label}_{name}_change", args=[row.pk]) if may else ""


def _signs(request: HttpRequest, told: list[Report], now: datetime) -> Iterator[Sign]:
    yield _workers()
    oldest = min((each.now.oldest for each in told if each.now.oldest), default=None)
    late = oldest is not None and now - oldest > timedelta(hours=1)
    yield Sign(
        "Oldest waiting delivery",
        _age(oldest, now) if oldest else "nothing waits",
        "wait" if late else "good",
        "It waits for a retry, or its account is slow; open it to see which." if late else "",
        f"{reverse('admin:deliveries_delivery_changelist')}?status=unfinished",
    )
    yield _books(request)
    yield from _canary(now)


def _workers() -> Sign:
    alive = beats.alive("supervisor") or beats.alive("pump")
    if alive:
        return Sign("Workers", f"{alive} alive", "good")
    advice = "Nothing is delivered until one runs. Start it with: python manage.py worker"
    return Sign("Workers", "none alive", "bad", advice)


def _books(request: HttpRequest) -> Sign:
    url = reverse("admin:deliveries_bookscheck_changelist") if sees_all(request.user) else ""
    latest = BooksCheck.objects.order_by("-checked_at").only("balanced", "checked_at").first()
    if latest is None:
        return Sign(
            "Books", "not counted yet", "off", "A worker counts them every ten minutes.", url
        )
    when = wording.moment(latest.checked_at)
    if latest.balanced:
        return Sign("Books", f"in balance, {when}", "good", url=url)
    advice = "The operator runs: python manage.py verify"
    return Sign("Books", f"out of balance, {when}", "bad", advice, url)


def _canary(now: datetime) -> Iterator[Sign]:
    """How long ago a canary arrived; no sign where none are sent."""
    found = canary.standing(now)
    if found.state == "off":
        return
    advice = f"{found.trouble} {canary.ADVICE}".strip() if found.state == "red" else ""
    yield Sign("Canary", _canary_words(found, now), CANARY_TONES[found.state], advice)


def _canary_period() -> str:
    seconds = canary.period().total_seconds()
    return wording.duration(round(seconds * 1_000)) if seconds else ""


def _canary_words(found: canary.Standing, now: datetime) -> str:
    """When one arrived last, and how long it took when all is well."""
    if found.green is None:
        return "not sent yet" if found.state == "new" else "never arrived"
    ago = f"{_age(found.green.at, now)} ago"
    if found.state == "red":
        return f"last green {ago}"
    return f"green {ago}, took {wording.duration(found.green.latency_ms)}"


def _age(moment: datetime, now: datetime) -> str:
    return wording.duration(max(0, round((now - moment).total_seconds() * 1_000)))


def _first(request: HttpRequest, count: int) -> int:
    page = request.GET.get("page", "")
    wanted = (int(page) - 1) * PER_PAGE if page.isdecimal() and len(page) < 6 else 0
    return wanted if 0 <= wanted < count else 0


def _pages(first: int, count: int) -> list[tuple[int, bool]]:
    """The page numbers, and which one is open; none when one page shows all."""
    if count <= PER_PAGE:
        return []
    return [(n // PER_PAGE + 1, n == first) for n in range(0, count, PER_PAGE)]
