"""Why a connection is not saved, switched or deleted, each in words for the person who asked.

No message carries a secret or an answer of a destination.
"""

from __future__ import annotations

from collections.abc import Mapping


class CannotSave(Exception):
    """The family; nothing was stored.

    Shape: `errors` maps a field of the draft to one sentence; the empty
    field concerns the connection as a whole.
    """

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


class InvalidDraft(CannotSave):
    """A value is missing or cannot be used as entered."""


class NameTaken(CannotSave):
    """Another connection of the workspace has this name."""


class Refused(CannotSave):
    """The destination does not accept the key or the address.

    Shape: `reason` is the code of the check that says which.
    """

    def __init__(self, errors: Mapping[str, str], *, reason: str = "") -> None:
        super().__init__(errors)
        self.reason = reason


class NotConfirmed(CannotSave):
    """The destination is down, slow or busy; the person may save unchecked."""


class AnotherAccount(CannotSave):
    """The address leads to another account while rules depend on this one."""


class ChangedMeanwhile(CannotSave):
    """Somebody else changed or deleted the connection during the check."""


class InUse(CannotSave):
    """Active rules use the connection, so it stays."""


class NeedsWorkingKey(CannotSave):
    """The connection cannot be switched on before its key is accepted."""
