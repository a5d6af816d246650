"""Deliveries that have ended, and replaying and feeding them here and now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from deliveries.background_jobs import start_replay
from deliveries.job_feeding import feed
from deliveries.job_preview import preview
from deliveries.models import BackgroundJob, Delivery
from deliveries.replaying import replay
from rules.models import Rule
from tests.builders import make_delivery, make_event

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ENDED = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def ended(rule: Rule, email: str = "alex@example.com", **over: Any) -> Delivery:
    """A delivery of an event of its own that failed for good, unless you say otherwise."""
    event_over = over.pop("event", {})
    payload = {"email": email, **event_over.pop("payload", {})}
    event = make_event(workspace=rule.workspace, email=email, payload=payload, **event_over)
    given = {"status": "failed", "reason": "timeout", "last_outcome": "timeout", "tries": 9}
    return make_delivery(event, rule, **{**given, "completed_at": ENDED, **over})


def replay_now(delivery: Delivery, **over: Any) -> Delivery:
    """The delivery after it was replayed by rosa."""
    given = {"basis": "was", "insist": False, "by": "rosa", "now": NOW, **over}
    replay(delivery.pk, **given)
    delivery.refresh_from_db()
    return delivery


def row(delivery: Delivery) -> dict[str, Any]:
    """All that the database holds of the delivery."""
    return dict(Delivery.objects.values().get(pk=delivery.pk))


def start(workspace: Any, selection: dict[str, str] | None = None, **over: Any) -> BackgroundJob:
    """A running job that replays the selection, failed deliveries unless you say otherwise."""
    job = BackgroundJob(workspace=workspace, **{"asked_by": "rosa", **over})
    chosen = {"status": "failed"} if selection is None else selection
    found = preview(chosen, workspace_id=workspace.pk, basis=job.basis)
    return start_replay(chosen, job=job, last_id=found.last_id, now=NOW)


def feed_now() -> int:
    """How many deliveries one call set going."""
    return feed(NOW)


def end(*deliveries: Delivery, status: str = "completed") -> None:
    """As if the engine had made an attempt at each of them."""
    keys = [delivery.pk for delivery in deliveries]
    Delivery.objects.filter(pk__in=keys).update(status=status, run_attempts=1)


def end_all(job: BackgroundJob, status: str = "completed") -> int:
    """As if the engine had made an attempt at each that the job set going."""
    waiting = Delivery.objects.filter(job=job, status="pending", held_reason="")
    return waiting.update(status=status, run_attempts=1)


def fresh(job: BackgroundJob) -> BackgroundJob:
    """The job as the database has it now."""
    return BackgroundJob.objects.get(pk=job.pk)


def run(job: BackgroundJob) -> list[int]:
    """How many deliveries each call set going until the job was done."""
    taken: list[int] = []
    while fresh(job).state == "running":
        assert len(taken) < 50
        taken.append(feed_now())
        end_all(job)
    return taken
