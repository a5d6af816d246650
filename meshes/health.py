"""Whether this process lives, and whether it can accept events.

`/readyz` refuses only for what stops intake here; how the workers are doing stands in
the body, because restarting web processes would not help them.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max, Min
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from connections.clock import database_now
from deliveries.canary import last_green
from deliveries.models import BooksCheck, Delivery, WorkerBeat
from meshes.wire import wire_time

SERVICE_UNAVAILABLE = 503


class NotMigrated(Exception):
    """The database lacks migrations that this code needs."""


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    """That the process answers; asks nothing else."""
    return JsonResponse({"status": "alive"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """Whether events can be accepted here, and how delivery is doing."""
    try:
        require_migrations()
        now = database_now()
        return JsonResponse({"status": "ready", **ages(now), **books(now), **canary(now)})
    except NotMigrated:
        return _refused("The database lacks migrations. Run: python manage.py migrate")
    except DatabaseError:
        return _refused("The database does not answer. Check DATABASE_URL and the server.")


def ages(now: datetime) -> dict[str, Any]:
    """How long ago a worker last gave a sign, and how late the latest delivery is.

    Units: seconds; None when no worker ever came or nothing is due.
    """
    beat = WorkerBeat.objects.aggregate(at=Max("beat_at"))["at"]
    due = Delivery.objects.due(now).aggregate(at=Min("next_attempt_at"))["at"]
    return {
        "worker_heartbeat_age_s": _age(beat, now),
        "oldest_due_age_s": _age(due, now),
    }


def books(now: datetime) -> dict[str, Any]:
    """Whether the last recount of all rows added up, and how long ago it was.

    Units: seconds; both are None before the first recount.
    """
    latest = BooksCheck.objects.order_by("-checked_at").only("balanced", "checked_at").first()
    return {
        "books_balanced": latest.balanced if latest else None,
        "books_checked_age_s": _age(latest.checked_at if latest else None, now),
    }


def canary(now: datetime) -> dict[str, Any]:
    """When a canary last arrived, and how long ago that was.

    Units: seconds; both are None before the first.
    """
    green = last_green()
    return {
        "canary_green_at": wire_time(green.at) if green else None,
        "canary_age_s": _age(green.at if green else None, now),
    }


@cache
def require_migrations() -> None:
    """Return when the database has every migration; a success is remembered.

    Raises: NotMigrated.
    """
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotMigrated


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else round(max(0.0, (now - moment).total_seconds()), 1)


def _refused(reason: str) -> JsonResponse:
    return JsonResponse({"status": "not ready", "reason": reason}, status=SERVICE_UNAVAILABLE)
