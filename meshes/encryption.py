"""Secrets at rest: sealed before they reach the database, opened only to be used.

Nothing here logs or displays a secret; a sealed value prints as dots.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class CannotOpen(Exception):
    """No key in CREDENTIAL_KEYS opens this value."""


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


class Sealed:
    """An encrypted text that shows itself as dots wherever it is printed."""

    __slots__ = ("token",)

    def __init__(self, token: str) -> None:
        self.token = token

    def open(self) -> str:
        """The clear text, for immediate use.

        Raises: CannotOpen when the key it was sealed with is gone.
        """
        if not self.token:
            return ""
        try:
            return _box(tuple(settings.CREDENTIAL_KEYS)).decrypt(self.token.encode()).decode()
        except InvalidToken:
            raise CannotOpen(
                "A stored secret cannot be opened. Put the key that it was saved with back "
                "into CREDENTIAL_KEYS, or enter the secret again."
            ) from None

    def __bool__(self) -> bool:
        return bool(self.token)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and self.token == other.token

    def __hash__(self) -> int:
        return hash(self.token)

    def __str__(self) -> str:
        return "••••••••" if self.token else ""

    __repr__ = __str__


def seal(text: str) -> Sealed:
    """The text encrypted with the newest key; an empty text stays empty."""
    if not text:
        return Sealed("")
    return Sealed(_box(tuple(settings.CREDENTIAL_KEYS)).encrypt(text.encode()).decode())


def is_newest(sealed: Sealed) -> bool:
    """Whether the newest key alone opens the value; an empty one needs no key."""
    if not sealed:
        return True
    try:
        _box((settings.CREDENTIAL_KEYS[0],)).decrypt(sealed.token.encode())
    except InvalidToken:
        return False
    return True


def resealed(sealed: Sealed) -> Sealed:
    """The same secret encrypted with the newest key.

    Raises: CannotOpen when the key it was sealed with is gone.
    """
    return seal(sealed.open())


def fingerprint(text: str) -> str:
    """Eight hexadecimal digits that tell two secrets apart and reveal neither."""
    return hashlib.sha256(b"meshes-fingerprint:" + text.encode()).hexdigest()[:8]


class SealedField(models.TextField):  # type: ignore[type-arg]
    """A column that holds `Sealed` values and never clear text."""

    def from_db_value(self, value: str | None, *_: Any) -> Sealed:
        """What the database holds, still sealed."""
        return Sealed(value or "")

    def to_python(self, value: Any) -> Any:
        """Sealed values as they are; Django's forms never pass clear text here."""
        return value if isinstance(value, Sealed) else Sealed(str(value or ""))

    def get_prep_value(self, value: Any) -> str:
        """The encrypted token; clear text is refused.

        Raises: TypeError for anything but a `Sealed`.
        """
        if value in (None, ""):
            return ""
        if not isinstance(value, Sealed):
            raise TypeError(f"{self.name} takes the result of seal(), never clear text.")
        return value.token

    def value_to_string(self, obj: models.Model) -> str:
        """The encrypted token, for serialization."""
        return self.get_prep_value(self.value_from_object(obj))
