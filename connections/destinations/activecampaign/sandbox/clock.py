"""Times as ActiveCampaign writes them: US Central, with its offset or without any zone.

No time zone database is used, so that the sandbox runs where none is installed.
"""

from datetime import UTC, datetime, timedelta, timezone

NO_DATE = "0000-00-00 00:00:00"


def with_offset(epoch: float) -> str:
    """RFC 3339 text in US Central time, such as 2026-03-02T09:15:00-06:00."""
    return _central(epoch).isoformat(timespec="seconds")


def without_zone(epoch: float) -> str:
    """The same clock digits without a zone, such as 2026-03-02 09:15:00.

    Why: fields called "utc" hold these digits too; they are Central time all the same.
    """
    return _central(epoch).strftime("%Y-%m-%d %H:%M:%S")


def day(epoch: float) -> str:
    """The Central calendar day, such as 2026-03-02."""
    return _central(epoch).strftime("%Y-%m-%d")


def _central(epoch: float) -> datetime:
    utc = datetime.fromtimestamp(epoch, UTC)
    summer_starts = _sunday(utc.year, month=3, nth=2).replace(hour=8)
    summer_ends = _sunday(utc.year, month=11, nth=1).replace(hour=7)
    hours = -5 if summer_starts <= utc < summer_ends else -6
    return utc.astimezone(timezone(timedelta(hours=hours)))


def _sunday(year: int, *, month: int, nth: int) -> datetime:
    first = datetime(year, month, 1, tzinfo=UTC)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))
