"""How a time reads on every page: in the viewer's zone, with the offset."""

from __future__ import annotations

import zoneinfo
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


class NamedZone(zoneinfo.ZoneInfo):
    """A zone whose name of a time says the offset, too.

    Why: the date formats of Django's own columns and fields can only ask the zone for its name,
    and so they read like everything that `moment` writes.
    """

    def tzname(self, dt: datetime | None, /) -> str | None:
        """`CET (+01:00)` of a time, the zone's own answer without one."""
        name = super().tzname(dt)
        return name if dt is None else _with_offset(name or "", f"{dt:%z}")


def _offset(local: datetime) -> str:
    name = local.tzname() or ""
    return name if isinstance(local.tzinfo, NamedZone) else _with_offset(name, f"{local:%z}")


def _with_offset(name: str, digits: str) -> str:
    offset = f"{digits[:3]}:{digits[3:5]}"
    if name == "UTC":
        return "UTC"
    return f"{name} ({offset})" if name[:1].isalpha() else offset
