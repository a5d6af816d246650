"""Reads the raw body of an API request: JSON by its header, and within a limit."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from meshes.api_errors import BadRequest, PayloadTooLarge, UnsupportedMediaType

KIB = 1024
NOT_JSON = "Send JSON with Content-Type: application/json, in UTF-8."
PACKED = "Send the body as it is, without Content-Encoding."
PLAIN = ("identity", "")
UTF_8 = ("", "utf-8", "utf8", "us-ascii")


def json_body(request: HttpRequest, *, limit: int) -> bytes:
    """The bytes of the body, which is not empty.

    Units: `limit` in bytes.
    Raises: UnsupportedMediaType, PayloadTooLarge, BadRequest when it is empty.
    Why: a body that announces its size is refused before it is read.
    """
    _refuse_other_types(request)
    raw = _within(request, limit)
    if not raw.strip():
        raise BadRequest("The body is empty; send JSON.")
    return raw


def optional_json_body(request: HttpRequest, *, limit: int) -> bytes:
    """The bytes of the body; none when nothing was sent, whatever its type says.

    Units: `limit` in bytes.
    Raises: UnsupportedMediaType, PayloadTooLarge.
    Why: official clients announce JSON on every request, with or without a body.
    """
    raw = _within(request, limit)
    if not raw.strip():
        return b""
    _refuse_other_types(request)
    return raw


def _within(request: HttpRequest, limit: int) -> bytes:
    if _announced(request) > limit:
        raise _too_large(limit)
    raw = _read(request, limit)
    if len(raw) > limit:
        raise _too_large(limit)
    return raw


def _refuse_other_types(request: HttpRequest) -> None:
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() not in PLAIN:
        raise UnsupportedMediaType(PACKED)
    # A missing header is taken for JSON, an explicit other type is not.
    if not request.META.get("CONTENT_TYPE"):
        return
    charset = (request.content_params or {}).get("charset", "").strip("\"' ").lower()
    if request.content_type != "application/json" or charset not in UTF_8:
        raise UnsupportedMediaType(NOT_JSON)


def _announced(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise BadRequest("The header Content-Length is not a number.") from None


def _read(request: HttpRequest, limit: int) -> bytes:
    """The body; one more byte than the limit at most when it comes in chunks.

    Why: Django reads as many bytes as Content-Length says, none without one.
    """
    chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    if chunked and request.META.get("wsgi.input_terminated"):
        return _read_chunks(request.META["wsgi.input"], limit)
    return request.body


def _read_chunks(stream: Any, limit: int) -> bytes:
    try:
        return bytes(stream.read(limit + 1))
    except Exception:  # noqa: BLE001  each server has errors of its own for broken chunks
        raise BadRequest("The chunks of the body are broken or end too early.") from None


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body is larger than {limit // KIB} KiB.")
