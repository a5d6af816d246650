"""Errors become outcomes here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from connections.destinations import errors
from connections.pace import Paused
from deliveries.models import Outcome
from meshes.encryption import CannotOpen


class Next(Enum):
    """What happens to a delivery after an attempt that failed."""

    RETRY = "retry"
    WAIT = "wait"
    PROBE = "probe"
    HOLD = "hold"
    GIVE_UP = "give_up"


class MappingFailed(Exception):
    """The pinned mapping cannot make what the action needs from this payload."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class OutOfTurn(Exception):
    """The target was made anew, and under its new id this is not the delivery's turn."""

    def __init__(self, kind: str, target_id: str) -> None:
        super().__init__("Another delivery comes before this one at the target's new id.")
        self.kind = kind
        self.target_id = target_id


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an error means: the wire's outcome, the finer reason, and what comes next.

    Shape: `target_id` is where the delivery goes on, empty for where it is.
    Units: `retry_after_s` in seconds, None when the destination named none.
    """

    outcome: Outcome
    reason: str
    message: str
    next: Next
    retry_after_s: float | None = None
    target_id: str = ""


ACCESS_REASONS = frozenset({"permission_denied"})
TARGET_REASONS = frozenset({"tag_not_found", "list_not_found"})
"""What is wrong with the rule itself, so that it waits for a person with all its deliveries."""


def judge(error: Exception) -> Verdict:
    """What to record for an error, and what to do next."""
    match error:
        case errors.RateLimited():
            return _verdict(Outcome.RATE_LIMITED, error, Next.WAIT, error.retry_after_s)
        case errors.RemoteFault():
            return _verdict(Outcome.REJECTED_SERVER_ERROR, error, Next.RETRY, error.retry_after_s)
        case errors.TimedOut():
            return _verdict(Outcome.TIMEOUT, error, Next.RETRY)
        case errors.Unreachable():
            return _verdict(Outcome.NETWORK_ERROR, error, Next.RETRY)
        case errors.Unauthorized():
            return _verdict(Outcome.AUTH_FAILED, error, Next.PROBE)
        case errors.DestinationError():
            return _refused(error)
        case _:
            return _ours(error)


def _refused(error: errors.DestinationError) -> Verdict:
    denied = error.reason in ACCESS_REASONS
    outcome = Outcome.AUTH_FAILED if denied else Outcome.REJECTED_CLIENT_ERROR
    held = error.reason in TARGET_REASONS
    return _verdict(outcome, error, Next.HOLD if held else Next.GIVE_UP)


def _ours(error: Exception) -> Verdict:
    match error:
        case MappingFailed():
            return Verdict(Outcome.MAPPING_ERROR, error.reason, error.message, Next.GIVE_UP)
        case OutOfTurn():
            message = f"The {error.kind} has another id by now; this delivery takes its turn there."
            return Verdict(
                Outcome.REJECTED_CLIENT_ERROR,
                "target_renewed",
                message,
                Next.WAIT,
                target_id=error.target_id,
            )
        case Paused():
            message = "The account was asked to slow down; this delivery goes on after the pause."
            return Verdict(Outcome.RATE_LIMITED, "account_paused", message, Next.WAIT)
        case CannotOpen():
            return Verdict(Outcome.AUTH_FAILED, "secret_unreadable", str(error), Next.RETRY)
        case _:
            message = "Meshes failed on its own side; it will try again."
            return Verdict(Outcome.INTERNAL_ERROR, "internal_error", message, Next.RETRY)


def _verdict(
    outcome: Outcome,
    error: errors.DestinationError,
    step: Next,
    retry_after_s: float | None = None,
) -> Verdict:
    return Verdict(outcome, error.reason, error.message, step, retry_after_s)
