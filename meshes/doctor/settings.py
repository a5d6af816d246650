"""What the system checks say to the settings, the ones for a deployment included."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core import checks

from meshes.doctor.findings import Asked, Finding, broken, ok, warning

NUMBERS = ("W004", "W008", "W010", "W011", "W012", "W016")
ABOUT_HTTPS = {f"security.{number}" for number in NUMBERS}
"""They all say that PUBLIC_URL is no https address, which `addresses` says once."""

LONGEST = 220


def look(_asked: Asked) -> Iterator[Finding]:
    """A line for each thing that is wrong, or one when nothing is."""
    found = checks.run_checks(include_deployment_checks=not settings.DEBUG)
    told = [each for each in found if settings.HTTPS or each.id not in ABOUT_HTTPS]
    told = [each for each in told if each.level >= checks.WARNING and not each.is_silenced()]
    for each in told:
        make = broken if each.level >= checks.ERROR else warning
        yield make(f"{_short(each.msg)} ({each.id})", _short(each.hint or "Change the setting."))
    if settings.DEBUG:
        yield warning(
            "DEBUG is on: errors are shown in full to whoever meets them.",
            "Remove DEBUG from the environment of a server that others reach.",
        )
    elif not told:
        yield ok("Nothing is wrong with the settings.")


def _short(text: str) -> str:
    words = " ".join(str(text).split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rsplit(" ", 1)[0] + "…"
