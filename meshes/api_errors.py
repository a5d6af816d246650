"""Every error under /api/ in the contract's one JSON shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse


class JsonErrorsMiddleware:
    """Turns whatever error leaves an API path into the contract's body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


def answer_for(error: Exception, context: dict[str, Any]) -> Any:
    """The contract's answer for an error that a view raised."""
    raise error
