"""Whether the program works: workers, queue, books, alerts and what runs in the background."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django_q.brokers import get_broker
from prometheus_client.core import Metric
from redis import Redis
from redis.exceptions import RedisError

from deliveries import beats
from deliveries.canary import last_green
from deliveries.models import (
    Alert,
    BackgroundJob,
    BooksCheck,
    Delivery,
    Erasure,
    ImportBatch,
    Status,
    WorkerBeat,
)
from meshes.hidden import shown
from meshes.metrics.labels import of_workspace, workspace_names
from meshes.metrics.samples import Found, gauge

KINDS = ("supervisor", "pump")
STATUSES = ("waiting", "held", "completed", "failed", "canceled")
OPEN_IMPORTS = (
    ImportBatch.State.PREPARED,
    ImportBatch.State.POSTED,
    ImportBatch.State.DOUBTFUL,
)
OPEN_JOBS = (BackgroundJob.State.RUNNING, BackgroundJob.State.PAUSED)
TIMEOUTS: Any = {"socket_timeout": 2, "socket_connect_timeout": 1}

log = structlog.get_logger(__name__)


def families(now: datetime) -> Iterator[Metric]:
    """The gauges of the machinery."""
    yield from _workers(now)
    yield from _queue()
    yield from _background()
    yield from _books(now)
    yield from _canary()
    yield _alerts()
    names = dict.fromkeys(workspace_names().items(), 1.0)
    text = "The name of each workspace, for joining it with the id."
    yield gauge("meshes_workspace_info", text, ("workspace", "name"), names)


def _workers(now: datetime) -> Iterator[Metric]:
    living = Q(beat_at__gt=now - timedelta(seconds=beats.ALIVE_S), stopping=False)
    rows = WorkerBeat.objects.order_by().values_list("kind")
    found = list(rows.annotate(at=Max("beat_at"), n=Count("pk", filter=living)))
    alive = dict.fromkeys([(kind,) for kind in KINDS], 0.0)
    alive |= {(kind,): float(number) for kind, _, number in found}
    text = "Supervisors and pumps that gave a sign of life within the last ten seconds."
    yield gauge("meshes_workers_alive", text, ("kind",), alive)
    ages = {(kind,): max(0.0, (now - at).total_seconds()) for kind, at, _ in found}
    text = "How long ago one of them last gave a sign; nothing when none ever did."
    yield gauge("meshes_worker_heartbeat_age_seconds", text, ("kind",), ages)
    in_hand = Delivery.objects.filter(shown(), status=Status.PROCESSING).count()
    text = "Deliveries that a worker has in hand, bulk imports included."
    yield gauge("meshes_deliveries_in_hand", text, (), {(): float(in_hand)})


def _queue() -> Iterator[Metric]:
    """The length of django-q2's queue; a broker that does not answer is told instead."""
    found: Found = {}
    try:
        found = {(): float(_tasks())}
    except RedisError as error:
        log.warning("redis_unreachable", error=type(error).__name__, used_for="metrics")
    text = "Whether the broker of the workers' queue answers."
    yield gauge("meshes_queue_up", text, (), {(): float(bool(found))})
    yield gauge("meshes_queue_tasks", "Tasks that wait in the workers' queue.", (), found)


def _tasks() -> int:
    # A client of its own, as django-q2's would wait for a silent server without end.
    broker = get_broker()
    if not settings.REDIS_URL:
        return int(broker.queue_size())
    with Redis.from_url(settings.REDIS_URL, **TIMEOUTS) as client:
        return int(client.llen(broker.list_key))


def _background() -> Iterator[Metric]:
    jobs = BackgroundJob.objects.filter(state__in=OPEN_JOBS)
    text = "Replays and backfills that are not finished."
    yield gauge("meshes_background_jobs", text, ("kind", "state"), _grouped(jobs, "kind", "state"))
    imports = ImportBatch.objects.filter(state__in=OPEN_IMPORTS)
    text = "Bulk imports whose result is still to come."
    yield gauge("meshes_imports_open", text, ("state",), _grouped(imports, "state"))
    erasures = Erasure.objects.filter(state=Erasure.State.RUNNING).count()
    text = "Erasures of people that are not finished."
    yield gauge("meshes_erasures_running", text, (), {(): float(erasures)})


def _grouped(rows: QuerySet[BackgroundJob] | QuerySet[ImportBatch], *by: str) -> Found:
    groups = rows.order_by().values_list(*by).annotate(n=Count("pk"))
    return {tuple(map(str, values)): float(count) for *values, count in groups}


def _books(now: datetime) -> Iterator[Metric]:
    """What the last recount of all rows said; nothing before the first."""
    latest = BooksCheck.objects.order_by("-checked_at").first()
    balanced, age, sums = {}, {}, {}
    if latest is not None:
        balanced = {(): float(latest.balanced)}
        age = {(): max(0.0, (now - latest.checked_at).total_seconds())}
        figures = {name: latest.figures.get(name, 0) for name in STATUSES}
        removed = {name: latest.figures.get(f"removed.{name}", 0) for name in STATUSES}
        sums = {(name,): float(figures[name] + removed[name]) for name in STATUSES}
    yield gauge("meshes_books_balanced", "Whether the last recount added up.", (), balanced)
    yield gauge("meshes_books_age_seconds", "How long ago the last recount was.", (), age)
    text = "All deliveries there ever were, by how they stood at the last recount."
    yield gauge("meshes_books_deliveries", text, ("status",), sums)


def _canary() -> Iterator[Metric]:
    """The last arrival of a canary; nothing before the first."""
    green = last_green()
    at = {(): green.at.timestamp()} if green else {}
    took = {(): green.latency_ms / 1000} if green else {}
    text = "When an event of our own came the whole way last, in seconds since the epoch."
    yield gauge("meshes_canary_last_success_timestamp_seconds", text, (), at)
    text = "How long that one took from the endpoint to the record of its delivery."
    yield gauge("meshes_canary_latency_seconds", text, (), took)


def _alerts() -> Metric:
    shown = workspace_names()
    found: dict[tuple[str, ...], float] = {}
    rows = Alert.objects.filter(Q(resolved_at__isnull=True)).order_by()
    for workspace, kind, count in rows.values_list("workspace", "kind").annotate(n=Count("pk")):
        place = (of_workspace(str(workspace), shown), kind)
        found[place] = found.get(place, 0.0) + count
    text = "Alerts that are open in the admin, by what is wrong."
    return gauge("meshes_alerts_open", text, ("workspace", "kind"), found)
