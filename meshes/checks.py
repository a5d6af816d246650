"""System checks: settings that start but do harm, each with an id and a hint.

A server that is merely away right now is no misuse; that is `/readyz`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

HIGHEST_PACE = 5.0
SHORTEST_TOKEN = 16
LOG_FORMATS = ("text", "json")


@register()
def settings_make_sense(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Everything that the settings get wrong together."""
    return [*_web(), *_limits(), *_logs()]


def _web() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.DEBUG and settings.HTTPS:
        found.append(
            Error(
                "DEBUG is on while PUBLIC_URL is an https address: errors would show settings.",
                hint="Remove DEBUG from the environment of a public server.",
                id="meshes.E001",
            )
        )
    if not settings.DEBUG and "*" in settings.ALLOWED_HOSTS:
        found.append(
            Warning(
                "ALLOWED_HOSTS accepts every host name, so links in mails can be forged.",
                hint="List the names under which this server is reached.",
                id="meshes.W001",
            )
        )
    if urlsplit(settings.PUBLIC_URL).scheme not in ("http", "https"):
        found.append(
            Error(
                "PUBLIC_URL is not a web address.",
                hint="Write it in full, such as https://meshes.example.com.",
                id="meshes.E002",
            )
        )
    if 0 < len(settings.METRICS_TOKEN) < SHORTEST_TOKEN:
        found.append(
            Warning(
                "METRICS_TOKEN is so short that it can be guessed.",
                hint=f"Use at least {SHORTEST_TOKEN} random characters.",
                id="meshes.W005",
            )
        )
    if settings.HTTPS and settings.DESTINATIONS_ALLOW_PRIVATE:
        found.append(
            Warning(
                "DESTINATIONS_ALLOW_PRIVATE lets connections reach this machine's own network.",
                hint="It is meant for the sandbox and for tests; remove it from a public server.",
                id="meshes.W002",
            )
        )
    return found


@register(deploy=True)
def sign_ins_are_told_apart(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Whether tries to sign in can be counted by where they come from."""
    if not settings.HTTPS or settings.SIGN_IN.proxies > 0:
        return []
    return [
        Warning(
            "No proxy is trusted, so tries to sign in are counted by name alone.",
            hint="Say how many proxies of yours stand before this server: TRUSTED_PROXIES=1.",
            id="meshes.W006",
        )
    ]


def _limits() -> list[CheckMessage]:
    names = (
        "THROTTLE_ACCOUNT_PER_SECOND",
        "THROTTLE_EVENTS_BURST",
        "THROTTLE_EVENTS_PER_SECOND",
        "WEB_CONCURRENCY",
        "WORKER_PROCESSES",
    )
    found: list[CheckMessage] = [
        Error(f"{name} must be above zero.", hint="Remove it to get the default.", id="meshes.E003")
        for name in names
        if getattr(settings, name) <= 0
    ]
    if min(settings.SIGN_IN[:2]) <= 0 or min(settings.SIGN_IN[3:5]) <= 0:
        found.append(
            Error(
                "A limit of signing in is not above zero.",
                hint="Look at SIGN_IN_TRIES, SIGN_IN_LOCK_MINUTES and SESSION_…_HOURS.",
                id="meshes.E006",
            )
        )
    if settings.DELIVERY_RETENTION_DAYS < 0:
        found.append(
            Warning(
                "DELIVERY_RETENTION_DAYS is below zero, so history is kept for ever.",
                hint="Write 0 to keep it for ever on purpose, or a number of days.",
                id="meshes.W004",
            )
        )
    if settings.WORKER_PROCESSES == 1:
        found.append(
            Error(
                "WORKER_PROCESSES is 1, and the pump would leave no process for other work.",
                hint="Use at least 2.",
                id="meshes.E004",
            )
        )
    if settings.THROTTLE_ACCOUNT_PER_SECOND > HIGHEST_PACE:
        found.append(
            Warning(
                "THROTTLE_ACCOUNT_PER_SECOND is above the 5 requests that ActiveCampaign allows.",
                hint="Raise it only when your plan has a higher limit.",
                id="meshes.W003",
            )
        )
    return found


def _logs() -> list[CheckMessage]:
    if settings.LOG_FORMAT in LOG_FORMATS:
        return []
    return [
        Error("LOG_FORMAT must be text or json.", id="meshes.E005", hint="The default is text.")
    ]
