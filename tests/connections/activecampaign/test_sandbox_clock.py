"""US Central time without a time zone database."""

from datetime import UTC, datetime

import pytest

from connections.destinations.activecampaign.sandbox import clock


@pytest.mark.parametrize(
    ("utc", "central"),
    [
        ("2026-03-02T15:15:00", "2026-03-02T09:15:00-06:00"),
        ("2026-03-08T07:59:59", "2026-03-08T01:59:59-06:00"),
        ("2026-03-08T08:00:00", "2026-03-08T03:00:00-05:00"),
        ("2026-07-01T12:00:00", "2026-07-01T07:00:00-05:00"),
        ("2026-11-01T06:59:59", "2026-11-01T01:59:59-05:00"),
        ("2026-11-01T07:00:00", "2026-11-01T01:00:00-06:00"),
    ],
)
def test_the_offset_follows_the_season(utc, central):
    epoch = datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()

    assert clock.with_offset(epoch) == central
    assert clock.without_zone(epoch) == central[:19].replace("T", " ")
