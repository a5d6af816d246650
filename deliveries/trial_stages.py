"""How far a test is: five stages, each with what is expected, what was seen and what to fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from deliveries import admin_displays as displays
from deliveries import finding, wording
from deliveries.finding import Finding
from deliveries.models import Attempt, Delivery, Found, Outcome, Status, Trial
from deliveries.reasons import explained
from deliveries.trial_waiting import Obstacle, while_waiting
from deliveries.verdicts import differences_of
from rules.targets import action_of

State = Literal["done", "now", "waiting", "stopped", "open"]
TONES: Mapping[str, str] = MappingProxyType(
    {"done": "good", "now": "busy", "waiting": "wait", "stopped": "bad", "open": "off"}
)
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "done": "done",
        "now": "under way",
        "waiting": "waiting",
        "stopped": "stopped here",
        "open": "not reached",
    }
)
MATCHED, SENT, ANSWERED, READ_BACK = (
    "Matched by the rule",
    "Sent by a worker",
    "Answer of {}",
    "Read back",
)
READ_BACK_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage; `fixes` say what to do, each with a link where there is one."""

    title: str
    expected: str
    state: State = "open"
    actual: tuple[str, ...] = ()
    fixes: tuple[Obstacle, ...] = ()

    @property
    def tone(self) -> str:
        """Its color."""
        return TONES[self.state]

    @property
    def word(self) -> str:
        """Its state in words."""
        return WORDS[self.state]


@dataclass(frozen=True, slots=True)
class Course:
    """All stages, what they come to, and whether something still moves by itself."""

    stages: tuple[Stage, ...]
    headline: str
    tone: str
    moving: bool
    passed: bool = field(default=False)


def course(trial: Trial, delivery: Delivery | None, *, now: datetime) -> Course:
    """How far the test is; `trial` has its rule, version and event without payload."""
    attempt = delivery.attempts.order_by("-number").first() if delivery else None
    stages = (
        _accepted(trial),
        _matched(trial, delivery),
        _sent(delivery, attempt, now=now),
        _answered(trial, delivery, attempt, now=now),
        _read_back(trial, delivery, now=now),
    )
    stopped = next((stage for stage in stages if stage.state == "stopped"), None)
    if stopped is not None:
        # Without a worker it goes on by itself once somebody starts one.
        moving = bool(delivery and delivery.status not in ENDED)
        return Course(stages, f"Stopped at “{stopped.title}”", "bad", moving=moving)
    if all(stage.state == "done" for stage in stages):
        return Course(stages, _passed(stages), "good", moving=False, passed=True)
    return Course(stages, "The test is under way", "busy", moving=True)


ENDED = (Status.COMPLETED, Status.FAILED, Status.CANCELED)


def _passed(stages: tuple[Stage, ...]) -> str:
    return f"Passed. {stages[-1].actual[0]}" if stages[-1].actual else "Passed"


def _accepted(trial: Trial) -> Stage:
    when = wording.moment(trial.created_at, seconds=True)
    return Stage(
        "Event accepted",
        "The event is taken as the endpoint takes one of your product.",
        "done",
        (f"Stored {when}; the endpoint would have answered 201.",),
    )


def _matched(trial: Trial, delivery: Delivery | None) -> Stage:
    title, version = MATCHED, trial.rule_version
    expected = f"The event is {wording.condition(version)}."
    if delivery is not None:
        told = ["It fits every condition."]
        if not version.matches:
            told.append("The rule is off, so a real event would not match it yet.")
        return Stage(title, expected, "done", tuple(told))
    told = [f"{text[0].upper()}{text[1:]}." for text in differences_of(version, trial.event)]
    rule = Obstacle(
        "", "Change the event and send it again, or edit the rule.",
        displays.address(trial.rule), "Edit the rule",
    )  # fmt: skip
    return Stage(title, expected, "stopped", tuple(told), (rule,))


def _sent(delivery: Delivery | None, attempt: Attempt | None, *, now: datetime) -> Stage:
    title, expected = SENT, "A worker takes it within a second or two."
    if delivery is None:
        return Stage(title, expected)
    if attempt is not None and attempt.outcome == Outcome.MAPPING_ERROR:
        return Stage(title, expected, "stopped", *_cause(delivery, attempt))
    if attempt is not None:
        waited = max(0, round((attempt.started_at - delivery.created_at).total_seconds() * 1000))
        number = f"Attempt {attempt.number} began" if attempt.number > 1 else "It was sent"
        return Stage(title, expected, "done", (f"{number} after {wording.duration(waited)}.",))
    if delivery.held_reason or delivery.status in (Status.FAILED, Status.CANCELED):
        return Stage(title, expected, "stopped", *_cause(delivery))
    obstacle = while_waiting(delivery, now=now)
    state: State = "stopped" if obstacle.blocks else "waiting"
    return Stage(title, expected, state, (obstacle.what,), _fix(obstacle))


def _answered(
    trial: Trial, delivery: Delivery | None, attempt: Attempt | None, *, now: datetime
) -> Stage:
    name = displays.destination_name(delivery or trial.rule_version)
    title, expected = ANSWERED.format(name), f"{name} takes the change."
    if delivery is None or attempt is None or attempt.outcome == Outcome.MAPPING_ERROR:
        return Stage(title, expected)
    if not attempt.outcome:
        return Stage(title, expected, "now", ("The call is out.",))
    if attempt.outcome == Outcome.DELIVERED:
        effect = wording.EFFECTS.get(attempt.effect, "")
        told = [attempt.message, f"It {effect}." if effect.startswith("was") else ""]
        return Stage(title, expected, "done", tuple(filter(None, told)))
    told_, fixes = _cause(delivery, attempt)
    if delivery.held_reason or delivery.status in ENDED:
        return Stage(title, expected, "stopped", told_, fixes)
    again = wording.status(delivery, destination=name, now=now).capitalize()
    return Stage(title, expected, "waiting", (*told_, f"{again}."), fixes)


def _read_back(trial: Trial, delivery: Delivery | None, *, now: datetime) -> Stage:
    title, expected = READ_BACK, _expected(trial)
    if delivery is None:
        return Stage(title, expected)
    # While it is cleaned up, it is in hand although it was delivered.
    status = trial.status_before if trial.lane_token else delivery.status
    if status != Status.COMPLETED:
        return Stage(title, expected)
    ended = delivery.completed_at or delivery.created_at
    if delivery.read_back_at and delivery.read_back_at >= ended:
        return _found(title, expected, delivery)
    verify = Obstacle("", "Press Verify now there.", displays.address(delivery), "The delivery")
    if trial.look_error:
        return Stage(title, expected, "stopped", (trial.look_error,), (verify,))
    if now - ended < READ_BACK_WITHIN:
        return Stage(title, expected, "now", ("The contact is being read back.",))
    late = "The worker stopped before it had read the contact back."
    return Stage(title, expected, "stopped", (late,), (verify,))


def _expected(trial: Trial) -> str:
    """What the rule wants the contact to be."""
    version = trial.rule_version
    action = action_of(version.connection.kind, version.action)
    target = wording.target_name(version.target_label, version.target_id)
    wanted = Finding(Found.AS_WANTED, "")
    told = finding.sentences(wanted, action=action, target=target, destination="")
    return told[0] if action else "The contact is as the rule wants it."


def _found(title: str, expected: str, delivery: Delivery) -> Stage:
    found = Finding(Found(delivery.found), delivery.mail)
    told = tuple(displays.finding_sentences(delivery, found))
    state: State = "done" if finding.tone(found) != "bad" else "stopped"
    return Stage(title, expected, state, told)


def _cause(
    delivery: Delivery, attempt: Attempt | None = None
) -> tuple[tuple[str, ...], tuple[Obstacle, ...]]:
    """Why it is where it is, and what to do about it."""
    code = delivery.held_reason or delivery.reason or (attempt.reason if attempt else "")
    reason = explained(code, destination=displays.destination_name(delivery))
    detail = attempt.message if attempt else delivery.last_error
    if reason is None:
        unknown = displays.UNEXPLAINED
        return tuple(filter(None, (detail,))), (Obstacle("", unknown.next_step),)
    told = (reason.happened,) if detail in ("", reason.happened) else (reason.happened, detail)
    return told, (Obstacle(reason.fixed_by, reason.next_step, *_place(delivery, reason.fixed_by)),)


def _place(delivery: Delivery, fixed_by: str) -> tuple[str, str]:
    """Where somebody fixes it, and what the link says."""
    lower = fixed_by.lower()
    if "rule" in lower:
        return displays.address(delivery.rule), "Edit the rule"
    if "connection" in lower:
        return displays.address(delivery.connection), "Open the connection"
    return "", ""


def _fix(obstacle: Obstacle) -> tuple[Obstacle, ...]:
    return (obstacle,) if obstacle.fix else ()
