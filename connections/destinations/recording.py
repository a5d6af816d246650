"""Turns a request and its answer into the masked exchange that history keeps; pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from connections.destinations.base import Answer, Exchange, Request
from meshes.redaction import (
    masked_body,
    masked_path,
    masked_query,
    masked_structure,
    masked_texts,
)

RECORDED_HEADERS = (
    "cf-ray",
    "content-length",
    "content-type",
    "date",
    "ratelimit-limit",
    "ratelimit-remaining",
    "retry-after",
    "server",
    "x-envoy-upstream-service-time",
    "x-request-id",
)


@dataclass(frozen=True, slots=True)
class Spent:
    """When a call ran and how it ended; `error` is empty after an answer.

    Units: `started_at` in seconds since the epoch, `elapsed_ms`.
    """

    started_at: float
    elapsed_ms: int
    error: str = ""


def exchange(
    request: Request,
    answer: Answer | None,
    spent: Spent,
    *,
    keep: Collection[str],
    hide: Collection[str],
) -> Exchange:
    """The exchange without emails, payload values and secrets."""
    query = masked_query(request.query, keep=keep, hide=hide)
    sent = "" if request.body is None else masked_structure(request.body, keep=keep, hide=hide)
    given = answer.headers if answer else {}
    headers = {name: given[name] for name in RECORDED_HEADERS if name in given}
    return Exchange(
        method=request.method,
        path=masked_path(request.path, hide=hide) + ("?" + query if query else ""),
        request_body=sent,
        status=answer.status if answer else None,
        response_headers=dict(
            zip(headers, masked_texts(list(headers.values()), hide=hide), strict=True)
        ),
        response_body=masked_body(answer.body if answer else b"", keep=keep, hide=hide),
        started_at=spent.started_at,
        elapsed_ms=spent.elapsed_ms,
        error=spent.error,
    )
