"""What a check found, and what it may be asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "broken", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: how something is, and what to do about it.

    Shape: `advice` is empty when there is nothing to do.
    """

    level: Level
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an operator asked for beyond looking: to call accounts, to visit the mail server."""

    probe: bool = False
    mail: bool = False


Look = Callable[[Asked], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check by its name. Shape: it is left out while one of those that it `needs` is broken."""

    name: str
    look: Look
    needs: tuple[str, ...] = ()


def ok(text: str) -> Finding:
    """That something is well."""
    return Finding("ok", text)


def warning(text: str, advice: str) -> Finding:
    """That something works and may do harm."""
    return Finding("warning", text, advice)


def broken(text: str, advice: str) -> Finding:
    """That something does not work."""
    return Finding("broken", text, advice)


def many(number: int, noun: str) -> str:
    """The number with its noun: `1 worker`, `2 workers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
