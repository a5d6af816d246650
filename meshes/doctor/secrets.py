"""Whether every stored secret can be opened with the keys of now; none is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db.models import Model

from meshes.doctor.findings import Asked, Finding, broken, many, ok
from meshes.encryption import CannotOpen, Sealed, SealedField


def look(_asked: Asked) -> Iterator[Finding]:
    """How many secrets are stored, and which tables hold some that no key opens."""
    counts: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for table, sealed in _stored():
        counts["all"] += 1
        if not _opens(sealed):
            lost[str(table._meta.verbose_name_plural)] += 1
        elif not _is_of_newest(sealed):
            counts["older"] += 1
    if lost:
        named = ", ".join(f"{number:,} of the {name}" for name, number in sorted(lost.items()))
        yield broken(
            f"No key in CREDENTIAL_KEYS opens the secrets of {named}.",
            "Put the key back with which they were saved, or enter these secrets again.",
        )
        return
    older = (
        f", {counts['older']:,} of them by an older key that must stay" if counts["older"] else ""
    )
    yield ok(f"Can be opened: {many(counts['all'], 'stored secret')}{older}.")


def _stored() -> Iterator[tuple[type[Model], Sealed]]:
    for table in apps.get_models():
        for field in table._meta.concrete_fields:
            if isinstance(field, SealedField):
                rows = table._base_manager.exclude(**{field.attname: ""})
                for sealed in rows.values_list(field.attname, flat=True).iterator():
                    yield table, sealed


def _opens(sealed: Sealed) -> bool:
    try:
        sealed.open()
    except CannotOpen:
        return False
    return True


def _is_of_newest(sealed: Sealed) -> bool:
    try:
        Fernet(settings.CREDENTIAL_KEYS[0]).decrypt(sealed.token.encode())
    except InvalidToken:
        return False
    return True
