"""The buttons on the page of a job; each calls one verb."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from deliveries import background_jobs
from deliveries.buttons import counted, stopped
from deliveries.models import BackgroundJob
from deliveries.permissions import MAY_REPLAY_MANY
from meshes.admin_base import who
from meshes.admin_buttons import Button


def pause_job(_request: HttpRequest, job: BackgroundJob, _values: Mapping[str, Any]) -> str:
    """Let the job stand still."""
    waiting = background_jobs.pause(job.pk, now=timezone.now())
    return f"The job is paused; {counted(waiting, 'delivery')} of it in the queue wait with it."


def resume_job(_request: HttpRequest, job: BackgroundJob, _values: Mapping[str, Any]) -> str:
    """Let the job go on."""
    background_jobs.resume(job.pk, now=timezone.now())
    return "The job goes on."


def cancel_job(request: HttpRequest, job: BackgroundJob, _values: Mapping[str, Any]) -> str:
    """End the job."""
    done = background_jobs.cancel(job.pk, by=who(request), now=timezone.now())
    return f"The job is canceled. {stopped(done)}"


def _is_running(job: BackgroundJob) -> bool:
    return job.state == BackgroundJob.State.RUNNING


def _is_paused(job: BackgroundJob) -> bool:
    return job.state == BackgroundJob.State.PAUSED


_button = partial(Button, permission=MAY_REPLAY_MANY, refusals=(background_jobs.JobOver,))

JOB_BUTTONS = (
    _button(
        name="pause",
        label="Pause",
        question="Pause this job? What it has in the queue waits until you resume it.",
        act=pause_job,
        shown=_is_running,
    ),
    _button(
        name="resume",
        label="Resume",
        question="Let this job go on?",
        act=resume_job,
        shown=_is_paused,
    ),
    _button(
        name="cancel",
        label="Cancel job",
        question="Cancel this job? What it set going and what has not been attempted yet goes "
        "back as it was; what has been attempted stays as it is.",
        act=cancel_job,
        shown=lambda job: _is_running(job) or _is_paused(job),
        danger=True,
    ),
)
