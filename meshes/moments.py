"""How a time reads on every page: in the viewer's zone, with the offset."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone


def moment(value: datetime, *, seconds: bool = False) -> str:
    """The time in the viewer's zone: `21 Mar 2026 16:06 CET (+01:00)`; UTC just says so."""
    local = timezone.localtime(value)
    return f"{local.day} {local:%b %Y} {clock(value, seconds=seconds)}"


def day(value: datetime) -> str:
    """The day alone, in the viewer's zone: `21 Mar 2026`."""
    local = timezone.localtime(value)
    return f"{local.day} {local:%b %Y}"


def clock(value: datetime, *, seconds: bool = False) -> str:
    """The time of day alone, in the viewer's zone: `16:06 CET (+01:00)`."""
    local = timezone.localtime(value)
    time = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{time} {_offset(local)}"


def _offset(local: datetime) -> str:
    digits, name = f"{local:%z}", local.tzname() or ""
    offset = f"{digits[:3]}:{digits[3:5]}"
    if name == "UTC":
        return "UTC"
    return f"{name} ({offset})" if name[:1].isalpha() else offset
