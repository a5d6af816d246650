"""Alerts about events that have stopped coming: opened once, closed when they come again.

Each workspace has its turn every quarter of an hour; two processes may look at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID

from django.db.models import QuerySet

from deliveries.models import Alert
from deliveries.silences import Silent, Source, silences_of
from meshes.models import Workspace

EVERY_MINUTES = 15
GIVEN_UP = timedelta(days=14)
"""What has not come for so long is no alert any more: nobody waits for it."""

RUN_S = 8.0
OPEN_AT_MOST = 20
KIND = Alert.Kind.SILENCE


def look(now: datetime) -> None:
    """Close what comes again, and open what is silent in the workspaces whose turn it is."""
    enough = time.monotonic() + RUN_S
    live = Workspace.objects.live().order_by("pk").values_list("pk", flat=True)
    turn = int(now.timestamp() // 60) % EVERY_MINUTES
    _close_unwatched(now)
    mine = (pk for pk in live if pk.int % EVERY_MINUTES == turn)
    for pk in takewhile(lambda _: time.monotonic() < enough, mine):
        look_at(pk, now=now)


def look_at(workspace_id: UUID, *, now: datetime) -> None:
    """The same for one workspace, whose turn it is."""
    _close_ended(_open_alerts().filter(workspace=workspace_id), now=now)
    known = set(_open_alerts().filter(workspace=workspace_id).values_list("key", flat=True))
    room = max(0, OPEN_AT_MOST - len(known))
    new = [one for one in silences_of(workspace_id, now=now) if one.source.key not in known]
    _open(workspace_id, new[:room], now=now)


def source_of(alert: Alert) -> Source:
    """What the alert is about."""
    places = (alert.resource_id, alert.page_id, alert.sequence_step)
    whole = Source(alert.event, whole=True)
    return whole if alert.key == whole.key else Source(alert.event, *places)


def _open_alerts() -> QuerySet[Alert]:
    return Alert.objects.filter(kind=KIND, resolved_at__isnull=True)


def _open(workspace_id: UUID, silent: Iterable[Silent], *, now: datetime) -> None:
    """Store them; the first one carries the mail for all of them."""
    rows = [
        Alert(
            workspace_id=workspace_id,
            kind=KIND,
            key=one.source.key,
            event=one.source.event,
            resource_id=one.source.resource_id,
            page_id=one.source.page_id,
            sequence_step=one.source.sequence_step,
            raised_at=now,
            last_at=one.silence.last,
        )
        for one in silent
    ]
    if rows:
        rows[0].mail_after = now
        Alert.objects.bulk_create(rows, ignore_conflicts=True)


def _close_ended(alerts: QuerySet[Alert], *, now: datetime) -> None:
    """Close what came again; who was told of it is told that, too, in one mail."""
    told: list[int] = []
    quiet: list[int] = []
    for alert in alerts.order_by("pk"):
        if source_of(alert).came_since(alert.last_at, workspace_id=alert.workspace_id):
            (told if alert.mailed_at else quiet).append(alert.pk)
        elif alert.last_at < now - GIVEN_UP:
            quiet.append(alert.pk)
    mine = Alert.objects.filter(resolved_at__isnull=True)
    mine.filter(pk__in=told[:1]).update(resolved_at=now, mail_after=now)
    untold = list(mine.filter(pk__in=quiet, mail_after__isnull=False))
    mine.filter(pk__in=[*told[1:], *quiet]).update(resolved_at=now, mail_after=None)
    for alert in untold:
        _pass_on(alert, now=now)


def _pass_on(alert: Alert, *, now: datetime) -> None:
    """Let another alert carry the mail of those that were noticed together."""
    others = _open_alerts().filter(workspace=alert.workspace_id, raised_at=alert.raised_at)
    heir = others.filter(mailed_at__isnull=True).order_by("pk").values_list("pk", flat=True).first()
    if heir is not None:
        Alert.objects.filter(pk=heir).update(mail_after=now)


def _close_unwatched(now: datetime) -> None:
    gone = _open_alerts().filter(workspace__deleted_at__isnull=False)
    gone.update(resolved_at=now, mail_after=None)
