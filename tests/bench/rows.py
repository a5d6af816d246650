"""The rows of the benchmark by name, in the order in which they run."""

from __future__ import annotations

ROWS = {
    "drain": "time to drain a backlog ÷ (deliveries × calls ÷ rate), one worker",
}
