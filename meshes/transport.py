"""What Django is told when people reach this server by https; only data."""

from __future__ import annotations

from typing import Any

YEAR_S = 31_536_000
# Products post to the API from their own network too, and no client repeats a POST elsewhere.
NOT_SENT_ON = [r"^api/", r"^healthz", r"^readyz", r"^metrics"]
# Subdomains of this server's name, and browsers' own lists, are not ours to decide about.
OTHERS_BUSINESS = ["security.W005", "security.W021"]


def settings_for(*, https: bool) -> dict[str, Any]:
    """The settings by their names in Django.

    Why: a proxy ends https, so its word for it is taken; it must set
    X-Forwarded-Proto itself and let none through.
    """
    return {
        "SESSION_COOKIE_SECURE": https,
        "CSRF_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https") if https else None,
        "SECURE_SSL_REDIRECT": https,
        "SECURE_REDIRECT_EXEMPT": NOT_SENT_ON,
        "SECURE_HSTS_SECONDS": YEAR_S if https else 0,
        "SILENCED_SYSTEM_CHECKS": OTHERS_BUSINESS,
        "X_FRAME_OPTIONS": "DENY",
    }
