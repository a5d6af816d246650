"""Gives every request an id, which its log lines and its answer carry."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-Id"
# What a machine made up at random: no word, name or address of a person looks like it.
MADE_UP = re.compile(r"(?=[^0-9]*[0-9])[0-9A-Za-z_-]{16,64}")


class RequestIdMiddleware:
    """Binds the id for as long as the request takes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        request_id = given if MADE_UP.fullmatch(given) else uuid4().hex
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response.headers[HEADER] = request_id
        return response


def request_id() -> str:
    """The id of the request that is being answered, a fresh one outside of any."""
    known = structlog.contextvars.get_contextvars().get("request_id")
    return known if isinstance(known, str) else uuid4().hex
