"""Finds a person's email address anywhere in a payload, however deep and within any text.

Pure but for `candidates`, which lets the database leave out most payloads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import idna
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from deliveries.models import Event
from rules.facts import EMAIL_LENGTH, normalized_email

# What another address may have before or after this one: alexa@…, o'alex@…, …@x.io.uk
_NOT_AFTER = r"(?<![a-z0-9._+\-])(?<![a-z0-9]['’])"
_NOT_BEFORE = r"(?![a-z0-9_\-])(?!\.[a-z0-9])"


def finder(email: str) -> Callable[[Any], bool]:
    """A function that says whether a JSON value names the address anywhere, keys included.

    Shape: `email` is a normalized address.
    """
    spellings = "|".join(map(re.escape, sorted(_spellings(email))))
    pattern = re.compile(f"{_NOT_AFTER}(?:{spellings}){_NOT_BEFORE}")

    def names(text: str) -> bool:
        if "@" in text and len(text) <= EMAIL_LENGTH * 2 and normalized_email(text) == email:
            return True
        if pattern.search(text.lower()):
            return True
        return "%" in text and bool(pattern.search(unquote(text).lower()))

    return lambda value: any(map(names, _texts(value)))


def candidates(events: QuerySet[Event], email: str) -> QuerySet[Event]:
    """Those of the events whose payload may name the address.

    Why: the longest run of letters and digits before the @ looks the same in
    every spelling, also in a web address, so that the database can look for it.
    """
    runs = re.findall(r"[a-z0-9]+", email.partition("@")[0])
    if not runs:
        return events
    as_text = Cast("payload", TextField())
    return events.alias(as_text=as_text).filter(as_text__icontains=max(runs, key=len))


def _spellings(email: str) -> set[str]:
    local, _, domain = email.rpartition("@")
    found = {email}
    with suppress(UnicodeError):  # raised for a domain that is not an international one
        found.add(f"{local}@{idna.decode(domain)}".lower())
    return found


def _texts(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left.extend(one.keys())
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
