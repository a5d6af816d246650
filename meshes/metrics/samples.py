"""Makes a family of samples from figures by the values of their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

Found = Mapping[Any, float]
"""Figures by the values of their labels, a tuple of texts."""


def gauge(name: str, text: str, labels: Sequence[str], found: Found) -> GaugeMetricFamily:
    """A gauge with a sample for each figure; without one it has none."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in sorted(found.items()):
        family.add_metric(values, value)
    return family


def counter(name: str, text: str, labels: Sequence[str], found: Found) -> CounterMetricFamily:
    """A counter likewise; its samples get `_total` behind the name."""
    family = CounterMetricFamily(name, text, labels=labels)
    for values, value in sorted(found.items()):
        family.add_metric(values, value)
    return family
