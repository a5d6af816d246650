"""The second factor of a person: a code from an app (TOTP), or a recovery code, once.

The secret is sealed at rest like every other; recovery codes are kept as digests.
Source: RFC 6238 (TOTP), with the defaults of the usual apps: SHA-1, 6 digits, 30 s.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction

from meshes.encryption import CannotOpen, seal
from meshes.models import RecoveryCode, SecondFactor

STEP_S = 30
SECRET_BYTES = 20
CODES = 10
ISSUER = "Meshes"


class WrongCode(Exception):
    """The code is not the one that the app shows now, nor an unused recovery code."""


def confirmed(user: Any) -> SecondFactor | None:
    """The person's second factor, None when there is none that counts."""
    factor = getattr(user, "second_factor", None)
    return factor if factor is not None and factor.confirmed_at else None


def begin(user: Any) -> SecondFactor:
    """A fresh secret for the person's app, which counts once it was confirmed.

    Why: a factor that counts is never replaced here; it is removed first.
    """
    secret: Any = seal(base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode())
    factor, _ = SecondFactor.objects.get_or_create(user=user, defaults={"secret": secret})
    SecondFactor.objects.filter(pk=factor.pk, confirmed_at=None).update(secret=secret)
    factor.refresh_from_db()
    return factor


def confirm(factor: SecondFactor, code: str, *, now: datetime) -> list[str]:
    """Fresh recovery codes, after the app has shown that it knows the secret.

    Raises: WrongCode.
    """
    with transaction.atomic():
        if not _claimed(factor, code, now=now):
            raise WrongCode("This is not the code that your app shows now. Try the next one.")
        SecondFactor.objects.filter(pk=factor.pk).update(confirmed_at=now)
        return new_recovery_codes(factor)


def passes(factor: SecondFactor, code: str, *, now: datetime) -> bool:
    """Whether the code opens now; then it never does again."""
    spelled = "".join(code.split())
    if spelled.isascii() and spelled.isdigit():
        return _claimed(factor, spelled, now=now)
    unused = RecoveryCode.objects.filter(factor=factor, used_at=None)
    return unused.filter(digest=_digest(factor, spelled)).update(used_at=now) == 1


def new_recovery_codes(factor: SecondFactor) -> list[str]:
    """Ten codes that are shown once; those from before open nothing any more."""
    codes = [_recovery_code() for _ in range(CODES)]
    with transaction.atomic():
        RecoveryCode.objects.filter(factor=factor).delete()
        RecoveryCode.objects.bulk_create(
            RecoveryCode(factor=factor, digest=_digest(factor, code)) for code in codes
        )
    return codes


def remove(user: Any) -> bool:
    """Take the person's second factor away; whether there was one."""
    return SecondFactor.objects.filter(user=user).delete()[0] > 0


def address(factor: SecondFactor) -> str:
    """What the app reads from the picture.

    Raises: CannotOpen.
    """
    return _totp(factor).get_provisioning_uri(factor.user.get_username(), ISSUER)


def _claimed(factor: SecondFactor, code: str, *, now: datetime) -> bool:
    """Whether the code is that of this moment or its neighbors, and was not used yet."""
    try:
        totp = _totp(factor)
    except CannotOpen:
        return False
    current = int(now.timestamp()) // STEP_S
    for step in (current - 1, current, current + 1):
        if constant_time.bytes_eq(totp.generate(step * STEP_S), code.encode()):
            rows = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step)
            return rows.update(last_step=step) == 1
    return False


def _totp(factor: SecondFactor) -> TOTP:
    return TOTP(base64.b32decode(factor.secret.open()), 6, SHA1(), STEP_S)  # noqa: S303


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def _digest(factor: SecondFactor, code: str) -> str:
    plain = code.lower().replace("-", "")
    return hashlib.sha256(f"meshes-recovery:{factor.user_id}:{plain}".encode()).hexdigest()
