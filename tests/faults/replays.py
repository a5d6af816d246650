"""Somebody who replays: one delivery, an event's failed ones, and many by filters."""

from __future__ import annotations

from tests.faults.actors import Actor
from tests.faults.generator import PEOPLE, email_of_person
from tests.faults.scene import BY, Scene

LOOKED_AT = 500
INSIST_EVERY, CANCEL_EVERY = 4, 4
BASES = ("was", "now")
REASONS = ("canceled_by_person", "wrong_contact", "superseded")


class Replays:
    """The deeds; `insisted` are the deliveries that were to go out whatever came later."""

    def __init__(self, actor: Actor, scene: Scene) -> None:
        self.insisted: set[int] = set()
        self._actor, self._scene, self._dice = actor, scene, actor.dice

    def one(self) -> None:
        """One delivery that has ended, with its rule as it was or as it is now."""
        from django.utils import timezone

        from deliveries.models import Delivery
        from deliveries.replaying import CannotReplay, replay

        ended = Delivery.objects.filter(status__in=("completed", "failed", "canceled"))
        ids = list(ended.order_by("-pk").values_list("pk", flat=True)[:LOOKED_AT])
        if not ids:
            return
        pk, basis = self._dice.choice(ids), self._dice.choice(BASES)
        insist = self._dice.randrange(INSIST_EVERY) == 0
        if insist:
            self.insisted.add(pk)  # before it, as the answer may be lost
        try:
            replay(pk, basis=basis, insist=insist, by=BY, now=timezone.now())
        except CannotReplay as refusal:
            self._actor.counts[f"replay refused ({refusal.fate})"] += 1
        else:
            self._actor.counts[f"replay of one ({basis}{', insisted' if insist else ''})"] += 1

    def of_event(self) -> None:
        """The failed deliveries of one event."""
        from django.utils import timezone

        from deliveries.models import Delivery, Event
        from deliveries.replaying import replay_event_failures

        # Without an address none can be replayed as it was, and nobody would try.
        failed = Delivery.objects.filter(status="failed").exclude(email="").order_by("-pk")
        ids = list(failed.values_list("event", flat=True)[:LOOKED_AT])
        if not ids:
            return
        event, basis = Event.objects.get(pk=self._dice.choice(ids)), self._dice.choice(BASES)
        done = replay_event_failures(event, basis=basis, insist=False, by=BY, now=timezone.now())
        self._actor.counts[f"replay of an event's failed ({basis})"] += bool(done.taken)

    def by_filters(self) -> None:
        """All that the history's filters select, in the background."""
        from django.utils import timezone

        from deliveries.background_jobs import NothingToReplay, start_replay
        from deliveries.job_preview import preview
        from deliveries.models import BackgroundJob
        from deliveries.selecting import selection_of

        now, workspace = timezone.now(), self._scene.workspace_id
        asked = self._filters()
        selection, basis = selection_of(asked, now=now), self._dice.choice(BASES)
        found = preview(selection, workspace_id=workspace, basis=basis)
        job = BackgroundJob(workspace_id=workspace, basis=basis, asked_by=BY)
        try:
            start_replay(selection, job=job, last_id=found.last_id, now=now)
        except NothingToReplay:
            return
        self._actor.counts[f"replay by {' and '.join(asked)} ({basis})"] += 1

    def _filters(self) -> dict[str, str]:
        from rules.models import Rule

        person = email_of_person(self._dice.randrange(PEOPLE))
        rules = list(Rule.objects.order_by("pk").values_list("pk", flat=True))
        return self._dice.choice(
            (
                {"status": "failed"},
                {"reason": self._dice.choice(REASONS)},
                {"q": person},
                {"rule": str(self._dice.choice(rules)), "status": "delivered"},
                {"rule": str(self._dice.choice(rules)), "since": "1h"},
            )
        )

    def pause(self) -> None:
        """Pause a job as soon as it has begun."""
        self.by_filters()
        self._steer(("running",), cancel_every=0)

    def steer(self) -> None:
        """Pause a job that runs, resume one that is paused, or cancel it."""
        self._steer(("running", "paused"), cancel_every=CANCEL_EVERY)

    def _steer(self, states: tuple[str, ...], *, cancel_every: int) -> None:
        from django.utils import timezone

        from deliveries import background_jobs
        from deliveries.models import BackgroundJob

        jobs = list(BackgroundJob.objects.filter(state__in=states).order_by("pk"))
        if not jobs:
            return
        job, now = self._dice.choice(jobs), timezone.now()
        canceled = cancel_every and self._dice.randrange(cancel_every) == 0
        try:
            if canceled and job.kind == "replay":
                background_jobs.cancel(job.pk, by=BY, now=now)
                self._actor.counts["jobs canceled"] += 1
            elif job.state == "running":
                background_jobs.pause(job.pk, now=now)
                self._actor.counts["jobs paused"] += 1
            else:
                background_jobs.resume(job.pk, now=now)
                self._actor.counts["jobs resumed"] += 1
        except background_jobs.JobOver:
            return

    def resume_all(self) -> None:
        """Let every job come to its end."""
        from django.utils import timezone

        from deliveries import background_jobs
        from deliveries.models import BackgroundJob

        for pk in BackgroundJob.objects.filter(state="paused").values_list("pk", flat=True):
            background_jobs.resume(pk, now=timezone.now())
            self._actor.counts["jobs resumed"] += 1
