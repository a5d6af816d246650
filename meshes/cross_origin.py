"""Lets browsers of any page post events, and call nothing else.

Source: Meshes API wire contract, section 1.2.
"""

from __future__ import annotations

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest


class PostedEventsCorsMiddleware(CorsMiddleware):
    """As its base, but without a word to whoever lists events at the same address."""

    def is_enabled(self, request: HttpRequest) -> bool:
        """Whether the answer tells browsers that the page may read it."""
        return request.method in ("POST", "OPTIONS") and super().is_enabled(request)
