"""The ways in which a destination can fail; nothing else may leave a destination.

Messages are one sentence for the person who must act. They never contain a
key, an email or a payload value.
"""

from __future__ import annotations


class DestinationError(Exception):
    """The family that the engine turns into an outcome.

    Shape: `reason` is a code such as `tag_not_found` with a sentence of its
    own in `deliveries.reasons`; `message` is one sentence.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Unreachable(DestinationError):
    """No connection was made or it broke: DNS, TLS, refused, reset."""


class TimedOut(DestinationError):
    """No complete answer in time; `sent` says that the request may have acted."""

    def __init__(self, reason: str, message: str, *, sent: bool) -> None:
        super().__init__(reason, message)
        self.sent = sent


class RateLimited(DestinationError):
    """The account asked us to slow down; `retry_after_s` is its own wish."""

    def __init__(self, reason: str, message: str, *, retry_after_s: float) -> None:
        super().__init__(reason, message)
        self.retry_after_s = retry_after_s


class RemoteFault(DestinationError):
    """The destination failed on its side; worth trying again."""

    def __init__(self, reason: str, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason, message)
        self.retry_after_s = retry_after_s


class Unauthorized(DestinationError):
    """The credentials are refused or in doubt.

    Shape: `certain` is False where working credentials get the same answer
    now and then, so that only a probe can tell.
    """

    def __init__(self, reason: str, message: str, *, certain: bool) -> None:
        super().__init__(reason, message)
        self.certain = certain


class Rejected(DestinationError):
    """The destination refuses this delivery; trying again changes nothing."""


class Misconfigured(DestinationError):
    """A rule or connection must be repaired by a person first."""


class Stale(DestinationError):
    """An id that we remembered died; `what` is `contact`, `tag` or `list`.

    Why: actions re-resolve once on this error and raise another one after.
    """

    def __init__(self, reason: str, message: str, *, what: str) -> None:
        super().__init__(reason, message)
        self.what = what
