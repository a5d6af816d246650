"""Why a rule or a mapping is not saved: one name per reason, one sentence for people."""

from __future__ import annotations


class Refused(Exception):
    """A change that is not made.

    Shape: `field` names the input to correct, empty when it is none of them.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class ValueUnusable(Refused):
    """A text is missing, too long or holds characters that it may not hold."""


class ConnectionUnusable(Refused):
    """The connection is deleted or belongs to another workspace."""


class WorkspaceFixed(Refused):
    """A rule stays in the workspace that it was made in."""


class ActionUnknown(Refused):
    """The connection's destination declares no such action."""


class TargetMissing(Refused):
    """The action needs a tag or a list and none is named."""


class TargetNotWanted(Refused):
    """The action works on the contact itself and takes no tag or list."""


class TargetUnknown(Refused):
    """The account does not hold the tag or list now."""


class RuleExists(Refused):
    """An active rule does the same on the same condition."""


class RuleGone(Refused):
    """The rule was deleted in the meantime."""


class VersionUnknown(Refused):
    """The rule has no version of this number."""


class MappingStale(Refused):
    """Somebody else saved the mapping in the meantime."""


class MappingInvalid(Refused):
    """The mapping is not well formed.

    Shape: `faults` are pairs of a path in the schema and a sentence.
    """

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        path, sentence = faults[0]
        super().__init__(f"{path}: {sentence}" if path else sentence, field="schema")
        self.faults = faults
