"""Reads and forgets what a refused request still sends.

Why: a server closes a connection whose body nobody read, often after the answer
said that it stays open; a client's next request would then be lost.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

PIECE = 64 * 1024


def read_to_the_end(request: HttpRequest, *, limit: int) -> bool:
    """Whether the body has been read, now or before.

    Units: `limit` in bytes; of a body that announces more, nothing is read.
    """
    if hasattr(request, "_body"):
        return True
    stream = _stream(request)
    if stream is None or _announced(request) > limit:
        return False
    try:
        return _read(stream, limit)
    except Exception:  # noqa: BLE001  each server has errors of its own for a broken body
        return False  # what is to be said to its sender stands in the answer


def _stream(request: HttpRequest) -> Any:
    """Where the body comes from; Django's own stream knows no chunks."""
    if request.META.get("HTTP_TRANSFER_ENCODING"):
        return request.META["wsgi.input"] if request.META.get("wsgi.input_terminated") else None
    return request


def _announced(request: HttpRequest) -> int:
    digits = request.META.get("CONTENT_LENGTH") or "0"
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _read(stream: Any, limit: int) -> bool:
    left = limit
    while left >= 0:
        piece = stream.read(PIECE)
        if not piece:
            return True
        left -= len(piece)
    return False
