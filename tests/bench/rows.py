"""The rows of the benchmark by name, in the order in which they run."""

from __future__ import annotations

ROWS = {
    "drain": "time to drain a backlog ÷ (deliveries × calls ÷ rate), one worker",
    "calls": "HTTP calls per delivery, by action",
    "load": "self-made 429s and processor time, over 2,000 deliveries",
    "claims": "what a look for work costs, with 10,000 to 1,000,000 deliveries",
    "looks": "what a pump's look for work costs, with 20 to 5,000 accounts",
    "history": "what lists and pages of history cost, with 1,000,000 deliveries ÷ 10,000",
    "retention": "what a million events take on the disk, and what removing one costs",
    "isolation": "latency of a healthy account beside sick ones",
    "replay": "latency of live deliveries while 100,000 are replayed",
    "kills": "time until all is in order again after kill -9, and calls made twice",
    "intake": "one event with three rules: statements, processor time, throughput",
    "bulk": "an event among a hundred ÷ an event alone",
    "matching": "finding an event's rules among 10 to 10,000",
    "servers": "events a second behind gunicorn and behind granian",
    "memory": "web and worker processes after 100,000 events",
}

SIDE_BY_SIDE = {"kills"}
"""Rows that mostly wait, so that the homes do not disturb each other there."""
