"""Takes checked values out of a JSON object that a client sent; every fault is told at once."""

from __future__ import annotations

import re
from typing import Any, TypeVar
from uuid import UUID

from meshes.api_errors import BadRequest, Fault

INVALID = "One or more fields are invalid."
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

T = TypeVar("T")


class BodyFields:
    """The fields of one body: take each, then call `refuse_faults` before using any.

    Shape: a field that is absent or wrong is None; `has` says whether it was sent.
    """

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.faults: list[Fault] = []

    def has(self, name: str) -> bool:
        """Whether the field was sent, null included."""
        return name in self.body

    def text(
        self,
        name: str,
        *,
        required: bool = False,
        nullable: bool = False,
        longest: int | None = None,
        pattern: tuple[str, str] | None = None,
    ) -> str | None:
        """A string; `pattern` is an expression for all of it and what to say when it differs."""
        value = self._typed(name, str, "must be a string", required=required, nullable=nullable)
        if value is None:
            return None
        message = ""
        if pattern and not re.fullmatch(pattern[0], value):
            message = pattern[1]
        elif longest is not None and len(value) > longest:
            message = f"must not be longer than {longest} characters"
        return self._judged(name, value, message)

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false, the default when absent."""
        value = self._typed(name, bool, "must be true or false")
        return default if value is None else value

    def uuid(self, name: str, *, required: bool = False) -> UUID | None:
        """A UUID in its usual spelling."""
        value = self._typed(name, str, "must be a UUID", required=required)
        wrong = value is not None and not UUID_TEXT.fullmatch(value)
        text = self._judged(name, value, "must be a UUID" if wrong else "")
        return None if text is None else UUID(text)

    def object(self, name: str, *, required: bool = False) -> dict[str, Any] | None:
        """A JSON object."""
        return self._typed(name, dict, "must be a JSON object", required=required)

    def whole_number(self, name: str, *, smallest: int = 0) -> int | None:
        """A whole number."""
        value = self._typed(name, int, "must be a whole number")
        message = ""
        if isinstance(value, bool):
            message = "must be a whole number"
        elif value is not None and value < smallest:
            message = f"must be at least {smallest}"
        return self._judged(name, value, message)

    def fault(self, name: str, message: str) -> None:
        """Note what is wrong with a field."""
        self.faults.append(Fault(name, message))

    def refuse_faults(self) -> None:
        """Nothing when all is well.

        Raises: BadRequest with every fault.
        """
        if self.faults:
            raise BadRequest(INVALID, data=self.faults)

    def _typed(
        self,
        name: str,
        kind: type[T],
        message: str,
        *,
        required: bool = False,
        nullable: bool = False,
    ) -> T | None:
        if name not in self.body:
            return self._judged(name, None, "is required" if required else "")
        value = self.body[name]
        if value is None and nullable:
            return None
        right = isinstance(value, kind)
        return self._judged(name, value if right else None, "" if right else message)

    def _judged(self, name: str, value: T | None, message: str) -> T | None:
        """The value, or None and a fault when there is something to say."""
        if not message:
            return value
        self.fault(name, message)
        return None
