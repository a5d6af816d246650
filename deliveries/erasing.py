"""Erases a person by email: asked for by somebody, done in the background, told in a receipt.

The receipt holds counts and a keyed hash, never the address. What came after the request
is new data and stays; ActiveCampaign and backups are not touched.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Q

from connections.clock import database_now
from deliveries.erasure_work import ErasureLost, Work
from deliveries.id_bounds import newest_id
from deliveries.models import Erasure, Event
from meshes.encryption import CannotOpen, seal
from meshes.models import Workspace
from rules.facts import normalized_email

LEASE = timedelta(seconds=120)

log = structlog.get_logger(__name__)


class EmailInvalid(Exception):
    """What was entered is no email address."""


def ask(email: str, *, workspace: Workspace | None, by: str, now: datetime) -> Erasure:
    """The stored erasure, which goes on in the background.

    Shape: without a workspace it covers all of them.
    Raises: EmailInvalid.
    """
    address = normalized_email(email)
    if not address:
        raise EmailInvalid("This is no valid email address. Correct it and try again.")
    erasure = Erasure.objects.create(
        workspace=workspace,
        email=seal(address),  # type: ignore[misc]  # the column takes nothing else
        email_hash=email_hash(address),
        asked_by=by,
        last_id=newest_id(Event.objects.all()),
        created_at=now,
    )
    log.info("erasure_asked", erasure_id=erasure.pk, by=by)
    return erasure


def email_hash(address: str) -> str:
    """The keyed hash by which a receipt is recognized by those who have the key.

    Source: HMAC-SHA256 per RFC 2104, keyed from the first of CREDENTIAL_KEYS.
    """
    key = hashlib.sha256(b"meshes-erasure:" + settings.CREDENTIAL_KEYS[0].encode()).digest()
    return hmac.new(key, address.encode(), hashlib.sha256).hexdigest()


def go_on(now: datetime, *, until: float) -> int:
    """How many events were blanked.

    Units: `until` is a reading of `time.monotonic`. Shape: erasures share the
    time; one that must wait for an attempt in flight goes on next time.
    """
    running = Erasure.objects.filter(state=Erasure.State.RUNNING).order_by("pk")
    waiting = list(running.values_list("pk", flat=True))
    blanked = 0
    for place, pk in enumerate(waiting):
        share = (until - time.monotonic()) / (len(waiting) - place)
        erasure = _hold(pk) if share > 0 else None
        if erasure is None:
            continue
        try:
            blanked += Work(erasure, now=now, until=time.monotonic() + share).run()
        except ErasureLost:
            log.warning("erasure_lost", erasure_id=pk)
        except CannotOpen:
            log.error("erasure_unreadable", erasure_id=pk)
    return blanked


def _hold(pk: int) -> Erasure | None:
    now = database_now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    rows = Erasure.objects.filter(free, pk=pk, state=Erasure.State.RUNNING)
    if not rows.update(lease_until=now + LEASE):
        return None
    return Erasure.objects.filter(pk=pk, lease_until=now + LEASE).first()
