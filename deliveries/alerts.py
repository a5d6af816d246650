"""Alerts: what needs a person is opened once, told once, and closed when it is over.

Each step is a statement that two processes may run at once; mails go out last,
with no transaction open.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from connections.activation import BY_HAND
from connections.models import Connection
from deliveries import alert_mail, failure_digests
from deliveries.models import Alert
from rules.models import Rule

Kind = Alert.Kind
FAILURES_SHOWN = timedelta(hours=24)


def look(now: datetime) -> None:
    """Open, close and tell; every minute, from as many processes as like to."""
    _open(_new(Kind.CONNECTION_INACTIVE, _refused(), "connection"), now=now)
    _open(_new(Kind.RULE_HELD, _held(), "rule"), now=now)
    _close(Kind.CONNECTION_INACTIVE, over=_over(_refused(), "connection"), now=now)
    _close(Kind.RULE_HELD, over=_over(_held(), "rule"), now=now)
    open_alerts(Kind.FAILURES).filter(last_at__lt=now - FAILURES_SHOWN).update(
        resolved_at=now, mail_after=None
    )
    failure_digests.open_digests(now)
    alert_mail.send_due(now)


def open_alerts(*kinds: str) -> QuerySet[Alert]:
    """Alerts of these kinds that are not over."""
    return Alert.objects.filter(kind__in=kinds, resolved_at__isnull=True)


def _refused() -> QuerySet[Connection]:
    off = Connection.objects.live().filter(active=False, workspace__deleted_at__isnull=True)
    return off.exclude(inactive_reason__in=("", BY_HAND))


def _held() -> QuerySet[Rule]:
    rules = Rule.objects.enabled().filter(workspace__deleted_at__isnull=True)
    return rules.exclude(held_reason="")


def _new(kind: Kind, troubled: QuerySet[Any], subject: str) -> list[Alert]:
    known = open_alerts(kind).filter(**{subject: OuterRef("pk")})
    return [
        Alert(
            kind=kind,
            key=str(row.pk),
            workspace_id=row.workspace_id,
            reason=row.held_reason if subject == "rule" else row.inactive_reason,
            **{subject: row},
        )
        for row in troubled.filter(~Exists(known))
    ]


def _open(alerts: Iterable[Alert], *, now: datetime) -> None:
    """Store them; one that another process has opened meanwhile stays as it is."""
    rows = list(alerts)
    for alert in rows:
        alert.raised_at = alert.last_at = alert.mail_after = now
    Alert.objects.bulk_create(rows, ignore_conflicts=True)


def _over(troubled: QuerySet[Any], subject: str) -> QuerySet[Alert]:
    return Alert.objects.exclude(**{f"{subject}__in": troubled})


def _close(kind: Kind, *, over: QuerySet[Alert], now: datetime) -> None:
    """Mark what is over; who was told of the trouble is told that it works again."""
    ended = over.filter(kind=kind, resolved_at__isnull=True).select_related("connection", "rule")
    found = list(ended)
    told = [alert.pk for alert in found if alert.mailed_at and alert_mail.works_again(alert)]
    mine = Alert.objects.filter(resolved_at__isnull=True)
    mine.filter(pk__in=told).update(resolved_at=now, mail_after=now)
    mine.filter(pk__in=[alert.pk for alert in found]).update(resolved_at=now, mail_after=None)
