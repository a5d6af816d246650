"""A request as the sandbox reads it and an answer as it will write it. No sockets here."""

import json
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

MAX_LIMIT = 100
_BRACKETS = re.compile(r"\[([^\]]*)\]")
_LEADING_DIGITS = re.compile(r"\s*(\d{1,18})")


class Query:
    """A query string read the PHP way: blanks kept, brackets as names, last one wins."""

    def __init__(self, text: str):
        self._pairs = parse_qsl(text, keep_blank_values=True)
        self._last = dict(self._pairs)

    def get(self, name: str, default: str = "") -> str:
        """The value of a plain parameter."""
        return self._last.get(name, default)

    def every(self, name: str) -> list[str]:
        """All values of a repeated parameter such as ids[]."""
        return [value for key, value in self._pairs if key == name]

    def filters(self) -> dict[str, dict[str, str]]:
        """Field to operator to value; filters[name]=x has the operator eq."""
        found: dict[str, dict[str, str]] = {}
        for key, value in self._pairs:
            names = _BRACKETS.findall(key)
            if key.startswith("filters[") and names:
                found.setdefault(names[0], {})[names[1] if len(names) > 1 else "eq"] = value
        return found

    def orders(self) -> list[tuple[str, str]]:
        """Field and lower-cased direction, in the order given."""
        return [
            (_BRACKETS.findall(key)[0], value.lower())
            for key, value in self._pairs
            if key.startswith("orders[") and _BRACKETS.findall(key)
        ]

    def page(self, default: int = 20) -> tuple[int, int]:
        """Limit, clamped to 100 without a word, and offset."""
        limit = as_id(self.get("limit")) or default
        return min(limit, MAX_LIMIT), as_id(self.get("offset"))


@dataclass(frozen=True)
class Request:
    """One request: `target` is the raw path with its query; header names are lower-case."""

    method: str
    target: str
    headers: dict[str, str]
    raw: bytes = b""

    @property
    def path(self) -> str:
        """The path as sent."""
        return self.target.partition("?")[0]

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The decoded parts of the path, without empty ones at the end."""
        return tuple(unquote(part) for part in self.path.strip("/").split("/"))

    @cached_property
    def query(self) -> Query:
        """The query, parsed."""
        return Query(self.query_text)

    @property
    def query_text(self) -> str:
        """The query as sent."""
        return self.target.partition("?")[2]

    @property
    def host(self) -> str:
        """The Host header as sent."""
        return self.headers.get("host", "")

    @cached_property
    def body(self) -> Any:
        """The body as JSON, or as text when it is none, or None when empty."""
        if not self.raw:
            return None
        try:
            return json.loads(self.raw)
        except (ValueError, RecursionError):
            return self.raw.decode("utf-8", "replace")


@dataclass(frozen=True)
class Manner:
    """How an answer leaves: whole, dripping, cut short, dropped or with a reset.

    Units: seconds is how long to hold or drip.
    """

    kind: str = "whole"
    seconds: float = 0.0


@dataclass(frozen=True)
class Answer:
    """Status, body and headers; a content type of None sends no such header.

    Shape: `applied` says that the endpoint did its work, whatever the answer says.
    """

    status: int = 200
    body: bytes = b""
    content_type: str | None = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    manner: Manner = Manner()
    outcome: str = "answered"
    fault: str = ""
    applied: bool = False

    def but(self, **values: Any) -> "Answer":
        """The same answer with some parts replaced."""
        return replace(self, **values)


class Refusal(Exception):
    """A handler stops with this answer; the caller's change has not been made."""

    def __init__(self, answer: Answer):
        super().__init__(answer.status)
        self.answer = answer


def json_answer(payload: Any, status: int = 200) -> Answer:
    """A JSON answer with slashes escaped, as the vendor writes them."""
    text = json.dumps(payload, separators=(",", ":")).replace("/", "\\/")
    return Answer(status=status, body=text.encode())


def as_id(value: Any) -> int:
    """An id from text or a number; what does not start with digits is 0, as in PHP."""
    if isinstance(value, bool) or value is None:
        return 0
    match = _LEADING_DIGITS.match(str(value))
    return int(match[1]) if match else 0


def as_text(value: Any) -> str:
    """A scalar as the vendor stores it; lists and objects become PHP's "Array"."""
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    return "Array" if isinstance(value, list | dict) else str(value)
