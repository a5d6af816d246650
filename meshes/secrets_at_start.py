"""The two secrets without which nothing starts: read, judged, or made for DEBUG.

Never prints a secret; a refusal names the variable and the command that makes one.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from meshes.kept_secrets import kept

MAKE_SECRET = 'python -c "import secrets; print(secrets.token_urlsafe(50))"'  # noqa: S105  a command, not a secret
MAKE_CREDENTIAL_KEY = (
    'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
)


def read(env: environ.Env, *, debug: bool, folder: Path) -> tuple[str, list[str]]:
    """The secret key and the credential keys, newest first.

    Raises: ImproperlyConfigured when one is missing or weak and DEBUG is off.
    Why: with DEBUG on, missing ones are generated once and kept in `folder`.
    """
    secret_key = env.str("SECRET_KEY", "")
    keys = [key.strip() for key in env.list("CREDENTIAL_KEYS", default=[]) if key.strip()]
    if debug:
        secret_key = secret_key or kept(folder / "secret_key", secrets.token_urlsafe(50))
        keys = keys or [kept(folder / "credential_key", Fernet.generate_key().decode())]
    _refuse_weak_secret(secret_key)
    _refuse_bad_keys(keys, secret_key)
    return secret_key, keys


def _refuse_weak_secret(secret_key: str) -> None:
    if not secret_key:
        raise ImproperlyConfigured(f"SECRET_KEY is not set. Make one with: {MAKE_SECRET}")
    if len(secret_key) < 32 or len(set(secret_key)) < 8 or "insecure" in secret_key.lower():
        raise ImproperlyConfigured(
            "SECRET_KEY is too weak: use at least 32 random characters. "
            f"Make one with: {MAKE_SECRET}"
        )


def _refuse_bad_keys(keys: list[str], secret_key: str) -> None:
    if not keys:
        raise ImproperlyConfigured(
            f"CREDENTIAL_KEYS is not set. Make one with: {MAKE_CREDENTIAL_KEY}"
        )
    for position, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                f"Key number {position} in CREDENTIAL_KEYS is not a Fernet key. "
                f"Make one with: {MAKE_CREDENTIAL_KEY}"
            ) from None
        if key == secret_key:
            raise ImproperlyConfigured("CREDENTIAL_KEYS must differ from SECRET_KEY.")
