"""How long a person stays signed in, and that the second factor was given in this session.

The marks stand in the session: when it began, when its person last did something, and
which second factor was given. Nothing is asked of the database for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from meshes import audit, second_factors
from meshes.admin_returning import with_back
from meshes.audit import Kind

ADMIN = "/admin/"
BEGAN, SEEN, FACTOR = "began", "seen", "factor"
HOUR_S = 3_600
WRITTEN_EVERY_S = 300


class State(StrEnum):
    """What stands between a signed-in person and the page."""

    OPEN = "open"
    OVER = "over"
    CODE = "code"
    SET_UP = "set_up"


def begin(request: HttpRequest) -> None:
    """Mark a session that begins now; the second factor is still to be given."""
    now = time.time()
    request.session.pop(FACTOR, None)
    request.session.update({BEGAN: now, SEEN: now})


def factor_given(request: HttpRequest, factor: Any) -> None:
    """Remember that the person has given this second factor."""
    request.session[FACTOR] = _mark(factor)
    request.session.cycle_key()


def state_of(request: HttpRequest, *, now: float) -> State:
    """What the signed-in person must do before anything else."""
    session, limits = request.session, settings.SIGN_IN
    began, seen = session.get(BEGAN, now), session.get(SEEN, now)
    if now - began > limits.longest_hours * HOUR_S or now - seen > limits.idle_hours * HOUR_S:
        return State.OVER
    factor = second_factors.confirmed(request.user)
    if factor is not None and session.get(FACTOR) != _mark(factor):
        return State.CODE
    if factor is None and limits.second_factor_required:
        return State.SET_UP
    return State.OPEN


class StaffSessionMiddleware:
    """Ends sessions that are over, and leads to the second factor first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(ADMIN) and SESSION_KEY in request.session:
            return self._guarded(request)
        return self.get_response(request)

    def _guarded(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        now = time.time()
        state = state_of(request, now=now)
        if state is State.OVER:
            audit.note(Kind.ENDED, by=audit.person(request.user), said="It was open too long.")
            logout(request)
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        if away := _away(request, state):
            return away
        _touch(request, now)
        return self.get_response(request)


def _away(request: HttpRequest, state: State) -> HttpResponse | None:
    """The page where the person must go first, None when this is one of those that are open."""
    if state is State.OPEN or request.path == reverse("admin:logout"):
        return None
    if state is State.CODE:
        there = reverse("second-factor-check")
    else:
        there = reverse("second-factor")
        if request.path == reverse("admin:password_change"):
            return None
    if request.path == there:
        return None
    back = request.get_full_path() if request.method == "GET" else ""
    return HttpResponseRedirect(with_back(there, back))


def _touch(request: HttpRequest, now: float) -> None:
    """Note that the person did something; pages that keep themselves fresh are no doing."""
    by_hand = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    seen = request.session.get(SEEN)
    if BEGAN not in request.session:
        request.session[BEGAN] = now
    if seen is None or (by_hand and now - seen > WRITTEN_EVERY_S):
        request.session[SEEN] = now


def _mark(factor: Any) -> str:
    return f"{factor.pk}:{factor.confirmed_at.timestamp()}"
