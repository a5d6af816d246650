"""What of an event rules can ask about, in the one spelling that is compared.

Pure: the same value always gives the same text, and no value raises.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import idna
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

DEFAULT_RESOURCE = "global"
EMAIL_LENGTH = 254
PAGE_ID_LENGTH = 200
STEP_LENGTH = 64

_validate_email = EmailValidator()


@dataclass(frozen=True, slots=True)
class Facts:
    """What an event says in the words of a rule's condition.

    Shape: empty strings mean that the event does not say it.
    """

    event: str
    resource: str
    resource_id: str
    page_id: str
    sequence_step: str


def facts_of(
    *, event: str, resource: str, resource_id: str, payload: Mapping[str, object]
) -> Facts:
    """The facts of an event; an event without a resource is about `global`."""
    return Facts(
        event=event,
        resource=resource or DEFAULT_RESOURCE,
        resource_id=resource_id,
        page_id=canonical_page_id(payload.get("page_id")),
        sequence_step=canonical_step(payload.get("sequence_step")),
    )


def normalized_email(value: object) -> str:
    """The address as lanes and history spell it, or '' when there is none.

    Shape: trimmed, lower-cased, an international domain in ASCII, plus-tags kept.
    """
    if not isinstance(value, str):
        return ""
    text = value.strip()
    return _normalized(text) if len(text) <= 2 * EMAIL_LENGTH else ""


@lru_cache(maxsize=256)
def _normalized(text: str) -> str:
    """What an address comes to; one event asks for its own several times."""
    local, at, domain = text.rpartition("@")
    if not at or not local.isascii() or not local.isprintable():
        return ""
    email = f"{local}@{_ascii_domain(domain)}".lower()
    if len(email) > EMAIL_LENGTH:
        return ""
    try:
        _validate_email(email)
    except ValidationError:
        return ""
    return email


def canonical_step(value: object) -> str:
    """The step as rules compare it, or '' when the value is no step.

    Shape: 3, 3.0, "3" and "03" are "3"; other text stays exactly as it is.
    """
    text = _text_of(value)
    if text.isascii() and text.isdigit():
        text = text.lstrip("0") or "0"
    return _storable(text, STEP_LENGTH)


def canonical_page_id(value: object) -> str:
    """The page id as rules compare it: text exactly, a number as its digits."""
    return _storable(_text_of(value), PAGE_ID_LENGTH)


def _text_of(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    if abs(value) >= 10**PAGE_ID_LENGTH:
        return ""
    return str(int(value)) if value == int(value) else str(value)


def _storable(text: str, length: int) -> str:
    # A rule cannot hold such a text, and neither can a column.
    if len(text) > length or "\x00" in text or not _encodable(text):
        return ""
    return text


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    if len(domain) > EMAIL_LENGTH:
        return ""
    try:
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        return ""
