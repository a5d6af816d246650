"""`/metrics`: what the database says about events, deliveries, accounts and workers.

Everything is read when it is asked for, so that every web process answers the same.
"""

from meshes.metrics.page import metrics

__all__ = ["metrics"]
