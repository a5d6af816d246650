"""Sends the mails that alerts are due, each once, and tries again when that fails.

Whoever moves `mail_after` on may send, so two processes never send the same.
Logs and rows name the error's class alone: servers put addresses into messages.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import takewhile

import structlog
from django.core.mail import EmailMessage
from django.db.models import Case, Q, QuerySet, Value, When

from deliveries import alert_letters
from deliveries.alert_letters import Letter
from deliveries.models import Alert
from meshes.models import AlertContact

NO_CONTACT = "no_alert_contact"
SOONEST = timedelta(minutes=5)
LATEST = timedelta(hours=1)
AT_ONCE = 50
CONTACTS = 50
RUN_S = 8.0

log = structlog.get_logger(__name__)


def send_due(now: datetime) -> int:
    """How many mails went out; what does not fit into this run waits for the next."""
    enough = time.monotonic() + RUN_S
    due = Alert.objects.filter(mail_after__lte=now).select_related(
        "workspace", "connection", "rule__connection"
    )
    asked = takewhile(lambda _: time.monotonic() < enough, due.order_by("mail_after")[:AT_ONCE])
    return sum(_send(alert, now=now) for alert in asked if _claimed(alert, now=now))


def works_again(alert: Alert) -> bool:
    """Whether the connection or rule does its work, rather than being off or deleted."""
    if alert.rule is not None:
        rule = alert.rule
        return bool(rule.active and not rule.held_reason and rule.deleted_at is None)
    line = alert.connection
    return bool(line and line.active and line.deleted_at is None)


def _claimed(alert: Alert, *, now: datetime) -> bool:
    """Whether this process may send it; should it die, another one may after a while."""
    elapsed = now - (alert.resolved_at or alert.raised_at)
    again = now + min(max(elapsed, SOONEST), LATEST)
    mine = Alert.objects.filter(pk=alert.pk, mail_after=alert.mail_after)
    return mine.update(mail_after=again) == 1


def _send(alert: Alert, *, now: datetime) -> int:
    letter = _letter(alert)
    if letter is None:
        Alert.objects.filter(pk=alert.pk).update(mail_after=None, mail_error="")
        return 0
    contacts = AlertContact.objects.live().filter(workspace=alert.workspace_id)
    addresses = list(contacts.order_by("email").values_list("email", flat=True)[:CONTACTS])
    error = _mailed(letter, addresses) if addresses else NO_CONTACT
    if error:
        Alert.objects.filter(pk=alert.pk).update(mail_error=error)
        log.warning("alert_not_mailed", alert_id=alert.pk, kind=alert.kind, error=error)
        return 0
    _note_sent(alert, now=now)
    log.info("alert_mailed", alert_id=alert.pk, kind=alert.kind, contacts=len(addresses))
    return 1


def _letter(alert: Alert) -> Letter | None:
    """The mail as things are now; None when there is nothing to tell any more."""
    if alert.kind == Alert.Kind.FAILURES:
        digest = _digest_of(alert).select_related("workspace", "rule", "connection")
        return alert_letters.digest(list(digest.order_by("pk")))
    if alert.kind == Alert.Kind.SILENCE:
        silent = list(_digest_of(alert).select_related("workspace").order_by("pk"))
        over = alert.resolved_at is not None
        return alert_letters.comes_again(silent) if over else alert_letters.silence(silent)
    if alert.resolved_at is None:
        return alert_letters.trouble(alert)
    return alert_letters.works_again(alert) if works_again(alert) else None


def _digest_of(alert: Alert) -> QuerySet[Alert]:
    """The alerts that one mail tells: those noticed, or over, in the same moment."""
    digest = Alert.objects.filter(workspace=alert.workspace_id, kind=alert.kind)
    if alert.kind == Alert.Kind.SILENCE and alert.resolved_at is not None:
        return digest.filter(resolved_at=alert.resolved_at, mailed_at__isnull=False)
    if alert.kind == Alert.Kind.SILENCE:
        digest = digest.filter(Q(resolved_at__isnull=True) | Q(pk=alert.pk))
    return digest.filter(raised_at=alert.raised_at)


def _mailed(letter: Letter, addresses: list[str]) -> str:
    """The class of what went wrong, empty when the mail was taken."""
    try:
        EmailMessage(letter.subject, letter.body, None, addresses).send()
    except (OSError, ValueError) as error:
        return type(error).__name__
    return ""


def _note_sent(alert: Alert, *, now: datetime) -> None:
    begun = alert.kind == Alert.Kind.SILENCE and alert.resolved_at is None
    if begun:
        # The others have no mail of their own, and this one may be over meanwhile.
        _digest_of(alert).filter(mail_after__isnull=True).update(mailed_at=now, mail_error="")
    if alert.kind == Alert.Kind.FAILURES:
        _digest_of(alert).update(mailed_at=now, mail_after=None, mail_error="")
    elif alert.resolved_at is not None:
        Alert.objects.filter(pk=alert.pk).update(mail_after=None, mail_error="")
    else:
        # What was over while the mail went out has one more to tell.
        over = Case(When(resolved_at__isnull=False, then=Value(now)), default=None)
        Alert.objects.filter(pk=alert.pk).update(mailed_at=now, mail_after=over, mail_error="")
