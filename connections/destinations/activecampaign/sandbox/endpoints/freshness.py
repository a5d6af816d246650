"""What reads may see while the read-after-write delay is switched on."""

from collections.abc import Iterable

from connections.destinations.activecampaign.sandbox.call import Call
from connections.destinations.activecampaign.sandbox.tables import R


def visible(call: Call, rows: Iterable[R]) -> list[R]:
    """The rows without those made within the delay; all of them when it is off."""
    switch = call.switch("read_after_write_delay")
    if switch is None:
        return list(rows)
    return [row for row in rows if call.now - row.created >= switch["seconds"]]
