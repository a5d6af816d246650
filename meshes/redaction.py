"""Takes personal data and secrets out of everything that is kept or logged.

Pure Python. Nothing is unmasked by guessing: JSON values stay only under keys that are
known to be harmless, and what stays is searched again for emails and hidden values.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote, quote_plus, unquote

MASK = "•••"
BODY_CAP = 4096
PAGE_CHARACTERS = 500
CHARACTER_BYTES = 4
SHORTEST_SEARCHED = 3
DEEPEST = 40

HARMLESS_KEYS = frozenset(
    {
        "batchId",
        "cdate",
        "cloudflare_error",
        "code",
        "contact",
        "detail",
        "error",
        "error_category",
        "error_code",
        "error_name",
        "errors",
        "failureReason",
        "failureReasons",
        "field",
        "id",
        "ids",
        "include",
        "limit",
        "list",
        "message",
        "offset",
        "orderid",
        "parameter",
        "pointer",
        "queued_contacts",
        "ray_id",
        "retry_after",
        "retryable",
        "sdate",
        "sourceid",
        "status",
        "success",
        "tag",
        "tagType",
        "title",
        "total",
        "type",
        "udate",
    }
)

_AT = re.compile(r"@|%(?:25)*40|\\u0040", re.IGNORECASE)
_WORD = re.compile(r"\"[^\"\n]{1,64}\"(?=@)|[^\s\"<>(),;:\[\]]+")
_SECRETS = re.compile(
    r"\b(?:bearer|basic)\s+[\w.~+/=-]{6,}"
    r"|\b(?:api-token|authorization|cookie|set-cookie|phpsessid|em_acp_globalauth_cookie)"
    r"[\"']?\s*[:=]\s*[^\r\n]+"
    r"|\bgAAAA[\w-]{16,}=*",
    re.IGNORECASE,
)
_TAGS = re.compile(r"(?is)<(script|style)\b.*?(?:</\1\s*>|$)|<[^>]*(?:>|$)")
_SECRET_KEYS = re.compile(
    r"(?i)password|passwd|secret|token|authorization|cookie|credential|api_?-?key|fernet"
)
_WRITE = json.JSONEncoder(ensure_ascii=False).encode
_HARMLESS_TYPES = frozenset({int, float, bool})
_PRIVATE_KEYS = frozenset({"email", "emails", "payload", "body", "values", "contact_email"})


def mask_email(text: str) -> str:
    """The text with everything that looks like an email masked."""
    if not _AT.search(text):
        return text
    return _WORD.sub(_without_email, text)


def masked_text(text: str, *, hide: Collection[str] = ()) -> str:
    """The text without emails, secrets and hidden values.

    Shape: hidden values are found in any case and in their URL, JSON and
    HTML spellings; those of one or two characters only as the whole text.
    """
    spellings, short = _hidden(frozenset(hide))
    if text.strip().casefold() in short:
        return MASK
    text = mask_email(_SECRETS.sub(MASK, text))
    present = _present(spellings, text)
    if not present:
        return text
    text = re.sub("|".join(map(re.escape, present)), MASK, text, flags=re.IGNORECASE)
    # Some letters fold to two, so that the search finds what the pattern cannot.
    return MASK if _present(spellings, text) else mask_email(text)


def masked_texts(texts: Sequence[str], *, hide: Collection[str]) -> list[str]:
    """Each text as `masked_text` gives it.

    Why: mostly there is nothing to mask, which one search in all of them tells.
    """
    if _are_clean(texts, hide=hide):
        return list(texts)
    return [masked_text(text, hide=hide) for text in texts]


def masked_json(value: Any, *, keep: Collection[str], hide: Collection[str]) -> Any:
    """The same structure with every scalar masked that `keep` does not allow.

    Shape: a list's items count as values of the list's key; null and the
    empty string stay.
    """
    kept, shown = frozenset(keep), dict[str, str]()
    masked = _Mask(kept, lambda text: shown.setdefault(text, text)).copy(value)
    if _are_clean(list(shown), hide=hide):
        return masked
    return _Mask(kept, partial(masked_text, hide=frozenset(hide))).copy(value)


def masked_query(
    query: Iterable[tuple[str, str]], *, keep: Collection[str], hide: Collection[str]
) -> str:
    """The query string for people, values masked unless their key is kept."""
    pairs = ((name, masked_json({name: value}, keep=keep, hide=hide)) for name, value in query)
    return "&".join(f"{key}={value}" for _, pair in pairs for key, value in pair.items())


def masked_path(path: str, *, hide: Collection[str]) -> str:
    """The path with every segment masked that carries an email or hidden value."""
    segments = masked_texts(list(map(unquote, path.split("/"))), hide=hide)
    # A value with a slash in it may have become two segments.
    return masked_texts(["/".join(segments)], hide=hide)[0]


def masked_body(
    body: bytes, *, keep: Collection[str], hide: Collection[str], cap: int = BODY_CAP
) -> str:
    """The text of a request or answer body that history may keep.

    Shape: JSON keeps its structure; a page keeps its first 500 characters
    without tags.
    Units: `cap` in bytes of UTF-8.
    """
    text = body.decode("utf-8", "replace")
    try:
        return masked_structure(json.loads(text), keep=keep, hide=hide, cap=cap)
    except (ValueError, RecursionError):
        return _capped(_page(text, hide=hide), cap)


def masked_structure(
    value: Any, *, keep: Collection[str], hide: Collection[str], cap: int = BODY_CAP
) -> str:
    """The JSON text of a structure as `masked_body` gives it.

    Units: `cap` in bytes of UTF-8.
    """
    return _capped(_WRITE(masked_json(value, keep=keep, hide=hide)), cap)


def is_cut(text: str) -> bool:
    """Whether `masked_body` left out the end of what it made this text of."""
    if text.endswith("…") and len(text.encode("utf-8", "replace")) > BODY_CAP - CHARACTER_BYTES:
        return True
    if len(text) < PAGE_CHARACTERS:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return True
    return False


def redact_event(
    logger: Any, method_name: str, event_dict: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The log event without emails, payloads and secrets; the last processor.

    Shape: values under telling keys are masked whole, other text is searched.
    Why: mostly there is nothing to mask, which one search in all of it tells.
    """
    texts = _plain_texts(event_dict)
    if texts is not None and _are_clean(texts, hide=()):
        return event_dict
    for key, value in event_dict.items():
        event_dict[key] = _logged(key, value, depth=0)
    return event_dict


def _without_email(word: re.Match[str]) -> str:
    found = word.group()
    return MASK if found.startswith('"') or _AT.search(found) else found


@lru_cache(maxsize=256)
def _hidden(hide: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    values = {value.strip() for value in hide} - {""}
    spellings = {s for v in values if len(v) >= SHORTEST_SEARCHED for s in _spellings(v)}
    short = frozenset(v.casefold() for v in values if len(v) < SHORTEST_SEARCHED)
    return tuple(sorted(spellings, key=lambda s: (-len(s), s))), short


def _present(spellings: tuple[str, ...], text: str) -> list[str]:
    folded = text.casefold()
    return [spelling for spelling in spellings if spelling in folded]


@lru_cache(maxsize=1024)
def _spellings(value: str) -> frozenset[str]:
    escaped, plain = json.dumps(value)[1:-1], _WRITE(value)[1:-1]
    quoted = quote(value, safe="", errors="replace")
    found = {
        value,
        value.replace(" ", "+"),
        quoted,
        quote(quoted),
        quote(value, errors="replace"),
        quote_plus(value, errors="replace"),
        html.escape(value),
        html.escape(value, quote=False),
        *(spelling.replace("/", slash) for spelling in (escaped, plain) for slash in ("/", "\\/")),
    }
    return frozenset(spelling.casefold() for spelling in found)


def _are_clean(texts: Sequence[str], *, hide: Collection[str]) -> bool:
    """Whether `masked_text` would leave all of these as they are.

    Shape: False for some that it would leave, when something seems to begin in
    one and end in the next. Why: what is found in one is found in all of them
    joined by line breaks as well.
    """
    spellings, short = _hidden(frozenset(hide))
    whole = "\n".join(texts)
    if _AT.search(whole) or _SECRETS.search(whole) or _present(spellings, whole):
        return False
    return not short or all(text.strip().casefold() not in short for text in texts)


@dataclass(frozen=True, slots=True)
class _Mask:
    """Copies a structure; what stays in sight goes through `show` first."""

    keep: frozenset[str]
    show: Callable[[str], str]

    def copy(self, value: Any, key: str = "", depth: int = 0) -> Any:
        if isinstance(value, str):
            return self.show(value) if value and key in self.keep else value and MASK
        if value is None:
            return None
        if depth > DEEPEST:
            return MASK
        if isinstance(value, Mapping):
            return {
                self._name(name): self.copy(item, str(name), depth + 1)
                for name, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.copy(item, key, depth + 1) for item in value]
        return self._scalar(value) if key in self.keep else MASK

    def _name(self, name: Any) -> Any:
        return name if name in self.keep else self.show(str(name))

    def _scalar(self, value: Any) -> Any:
        text = json.dumps(value)
        shown = self.show(text)
        return value if shown == text else shown


def _page(text: str, *, hide: Collection[str]) -> str:
    plain = html.unescape(_TAGS.sub(" ", text) if "<" in text else text)
    return masked_text(" ".join(plain.split()), hide=hide)[:PAGE_CHARACTERS]


def _capped(text: str, cap: int) -> str:
    raw = text.encode("utf-8", "replace")
    if len(raw) <= cap:
        return text
    return raw[: cap - len("…".encode())].decode("utf-8", "ignore") + "…"


def _plain_texts(event: Mapping[str, Any]) -> list[str] | None:
    """All texts of a simple event, None for one with a telling key or a deep value."""
    texts: list[str] = []
    for key, value in event.items():
        kind = type(value)
        if _is_telling(key):
            return None
        if kind is str:
            texts.append(value)
        elif kind is list and key != "exc_info" and all(type(item) is str for item in value):
            texts.extend(value)
        elif value is not None and kind not in _HARMLESS_TYPES:
            return None
    return texts


@lru_cache(maxsize=1024)
def _is_telling(key: str) -> bool:
    return key in _PRIVATE_KEYS or _SECRET_KEYS.search(key) is not None


def _logged(key: str, value: Any, *, depth: int) -> Any:
    if _is_telling(key):
        return MASK if value not in (None, "") else value
    if depth > DEEPEST:
        return MASK
    if isinstance(value, Mapping):
        return {
            masked_text(str(name)): _logged(str(name), item, depth=depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)) and key != "exc_info":
        return [_logged("", item, depth=depth + 1) for item in value]
    if isinstance(value, bytes):
        return masked_text(value.decode("utf-8", "replace"))
    if isinstance(value, (str, BaseException)):
        return masked_text(str(value))
    return value
