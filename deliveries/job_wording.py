"""Jobs as plain sentences: what they do, how far they are, what they left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deliveries import wording
from deliveries.background_jobs import counts
from deliveries.job_preview import Load
from deliveries.models import BackgroundJob, Outcome, Status, Trigger
from deliveries.reasons import in_short
from deliveries.selecting import STATES, Selection

State = BackgroundJob.State

STATE_WORDS = {
    State.RUNNING: ("running", "busy"),
    State.PAUSED: ("paused", "held"),
    State.CANCELED: ("canceled", "off"),
    State.DONE: ("done", "good"),
}
SKIPPED = {
    "unfinished": "not finished yet",
    "rule_deleted": "the rule was deleted",
    "connection_deleted": "the connection was deleted",
    "erased": "the person was erased",
    "no_email": "without a valid email address",
    "no_email_now": "the mapping of now finds no valid email address",
    "reached": "another event of a person whom the rule has reached",
    "changed": "changed in the meantime, so that the filters do not select it any more",
}
FARED = {
    **{Status(key).value: word for key, word in wording.STATES.items()},
    "held": "held",
}
TONES = {"completed": "good", "failed": "bad", "canceled": "off", "held": "held"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Units: `percent` of the job that has ended, whole.
    Shape: `words` say how many have ended; with those left out they make up
    the whole at the end.
    """

    percent: int
    words: str
    chips: tuple[tuple[str, str], ...]
    left_out: tuple[tuple[int, str], ...]
    gone: int


def title(job: BackgroundJob) -> str:
    """`Replay of 1,234 selected deliveries`, `Backfill of “CRM connected” for 12 people`."""
    if job.kind == BackgroundJob.Kind.BACKFILL:
        rule = job.rule.name if job.rule else "a rule"
        return f"Backfill of “{rule}” for {job.total:,} {'person' if job.total == 1 else 'people'}"
    about = "about " if job.total_estimated else ""
    noun = "delivery" if job.total == 1 else "deliveries"
    return f"Replay of {about}{job.total:,} selected {noun}"


def set_going(job: BackgroundJob) -> str:
    """How much was set going: `8 of 9 set going, 1 left out`."""
    about, lost = "about " if job.total_estimated else "", left_out(job)
    told = f"{job.taken:,} of {about}{job.total:,} set going"
    return f"{told}, {lost:,} left out" if lost else told


def left_out(job: BackgroundJob) -> int:
    """How many of the selected deliveries could not be replayed; a backfill has none."""
    return 0 if job.kind == BackgroundJob.Kind.BACKFILL else sum(job.skipped.values())


def progress(job: BackgroundJob) -> Progress:
    """How far the job is and how its deliveries fare; asks the database once."""
    fare = counts(job)
    open_ = sum(n for key, n in fare.items() if key not in ("completed", "failed", "canceled"))
    gone = max(0, job.taken - sum(fare.values()))
    lost = left_out(job)
    ended = max(0, min(job.taken - open_, job.total - lost))
    share = int(100 * min(ended + lost, job.total) / (job.total or 1))
    if job.state == State.DONE or job.total_estimated:  # an estimate may have been too low
        share = 100 if job.state == State.DONE else min(share, 99)
    chips = [(TONES.get(key, "busy"), f"{n:,} {FARED[key]}") for key, n in sorted(fare.items())]
    told = [(n, SKIPPED.get(cause, cause)) for cause, n in job.skipped.items()]
    words = f"{ended:,} of {job.total:,} have ended" + (f", {lost:,} left out" if lost else "")
    return Progress(share, words, tuple(chips), tuple(told), gone)


def chosen(selection: Selection, *, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """What was selected, a line per filter; `names` gives those of rules and connections."""
    words: dict[str, Callable[[str], str]] = {
        "status": lambda value: STATES[value][0],
        "outcome": lambda value: wording.OUTCOMES[Outcome(value)],
        "reason": in_short,
        "trigger": lambda value: wording.TRIGGERS[Trigger(value)],
        "is_test": lambda value: "test events" if value == "yes" else "real events",
        "since": lambda value: wording.moment(datetime.fromisoformat(value)),
        "until": lambda value: wording.moment(datetime.fromisoformat(value)),
        "rule": lambda value: names.get(value, "a rule"),
        "connection": lambda value: names.get(value, "a connection"),
    }
    labels = {"since": "Received since", "until": "Received before", "is_test": "Kind"}
    labels |= {"outcome": "Last outcome", "page_id": "Page id", "id": "Id"}
    return [
        (labels.get(key, key.capitalize()), words.get(key, str)(value) or "erased")
        for key, value in selection.items()
        if key != "first_id"
    ]


def how_long(loads: tuple[Load, ...]) -> str:
    """The whole time for people, as a range; '' for nothing to do."""
    if not loads:
        return ""
    least, most = (max(getattr(load, name) for load in loads) for name in ("least_s", "most_s"))
    return f"{_time(least)} to {_time(most)}"


def account_lines(loads: tuple[Load, ...]) -> list[dict[str, Any]]:
    """Each account's part, for the preview."""
    return [
        {"account": load.account, "count": f"{load.count:,}", "time": how_long((load,))}
        for load in loads
    ]


def _time(seconds: float) -> str:
    return wording.duration(max(1, round(seconds)) * 1_000).replace(".0 s", " s")
