"""Counts tries to sign in before they are judged, and says when there were too many.

All processes count in the database, each try by single statements, so that tries at the
same moment cannot slip by together. Names and addresses are kept as digests only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from meshes.models import SignInTries

WIDER = 5
_COUNT = """
INSERT INTO meshes_signintries AS kept (key, name, tries, began_at) VALUES (%s, %s, 1, %s)
ON CONFLICT (key) DO UPDATE SET
    tries = CASE WHEN kept.began_at <= %s THEN 1 ELSE kept.tries + 1 END,
    began_at = CASE WHEN kept.began_at <= %s THEN excluded.began_at ELSE kept.began_at END
RETURNING tries
"""


class Counted(NamedTuple):
    """How a try stands: whether one too many, and whether it is the first of those."""

    locked: bool
    first: bool


class _Key(NamedTuple):
    digest: str
    name: str
    most: int


def count(name: str, *, address: str, now: datetime) -> Counted:
    """Count one try with this name from this address; '' when the address is not known.

    Shape: locked for the rest of a period that began with the first try in it.
    Why: the count by name alone holds against many addresses, the one by address
    against many names; both are wider, as many people may share one.
    """
    since = now - timedelta(minutes=settings.SIGN_IN.lock_minutes)
    standing = [(_count(key, now=now, since=since), key.most) for key in _keys(name, address)]
    locked = any(tries > most for tries, most in standing)
    return Counted(locked, locked and any(tries == most + 1 for tries, most in standing))


def passed(name: str, *, address: str) -> None:
    """Forget the tries with this name; the address keeps those that failed."""
    SignInTries.objects.filter(name=_digest("name", name)).delete()
    if address:
        own = SignInTries.objects.filter(key=_digest("address", address), tries__gt=0)
        own.update(tries=F("tries") - 1)


def unlock(name: str) -> int:
    """Forget the tries with this name, from wherever; how many counts there were."""
    return SignInTries.objects.filter(name=_digest("name", name)).delete()[0]


def unlock_all() -> int:
    """Forget all tries; how many counts there were."""
    return SignInTries.objects.all().delete()[0]


def forget_old(now: datetime) -> int:
    """Remove the counts that lock nobody any more; how many there were."""
    since = now - timedelta(minutes=settings.SIGN_IN.lock_minutes)
    return SignInTries.objects.filter(began_at__lte=since).delete()[0]


def code_of(person: Any) -> str:
    """The name under which a person's codes are counted; nobody can type it as a user name."""
    return f"\x00code of {person.pk}"


def address_of(request: HttpRequest) -> str:
    """Where the request came from, '' when that cannot be known.

    Why: behind a proxy the peer is the proxy. What stands in X-Forwarded-For is
    believed only as far as TRUSTED_PROXIES says that our own servers wrote it.
    """
    if not settings.SIGN_IN.proxies:
        # An https address without trusted proxies: some proxy is there that we were not told of.
        return "" if settings.HTTPS else str(request.META.get("REMOTE_ADDR", ""))
    written = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    listed = [address.strip() for address in written if address.strip()]
    return listed[-settings.SIGN_IN.proxies] if len(listed) >= settings.SIGN_IN.proxies else ""


def _keys(name: str, address: str) -> Iterator[_Key]:
    most, named = settings.SIGN_IN.tries, _digest("name", name)
    if not address:
        yield _Key(named, named, most)
        return
    yield _Key(_digest("both", f"{name}\n{address}"), named, most)
    yield _Key(named, named, most * WIDER)
    yield _Key(_digest("address", address), "", most * WIDER)


def _count(key: _Key, *, now: datetime, since: datetime) -> int:
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        times = [adapt(now), adapt(since), adapt(since)]
        cursor.execute(_COUNT, [key.digest, key.name, *times])
        return int(cursor.fetchone()[0])


def _digest(what: str, text: str) -> str:
    return salted_hmac(f"meshes.sign_in.{what}", text, algorithm="sha256").hexdigest()
