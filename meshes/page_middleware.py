"""Sessions, sign-in, messages and the audit's request: for pages, never for the API.

Why: a request under /api/v1/ carries a key and no cookie, so all of this would only cost
it time. Everything else, errors and security headers included, stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from simple_history.middleware import HistoryRequestMiddleware

KEYS_ONLY = "/api/v1/"


class PagesOnly:
    """Steps aside for requests that only keys open."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(KEYS_ONLY):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class PageSessionMiddleware(PagesOnly, SessionMiddleware):
    """Django's sessions."""


class PageAuthenticationMiddleware(PagesOnly, AuthenticationMiddleware):
    """Django's `request.user`."""


class PageMessageMiddleware(PagesOnly, MessageMiddleware):
    """Django's messages to whoever is signed in."""


class _Audited:
    """Lets the audit of edits know who is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._audited = HistoryRequestMiddleware(get_response)

    def __call__(self, request: HttpRequest) -> Any:
        return self._audited(request)


class PageHistoryMiddleware(PagesOnly, _Audited):
    """The audit's request; whoever edits with a machine key is named by the row itself."""
