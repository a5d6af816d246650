"""Sends the canary through the endpoint as a client does, but inside this process.

Everything runs that a posted event passes, from the middleware to the commit; only the
web server and the network are left out.
"""

from __future__ import annotations

import json
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.http.request import validate_host

from deliveries.canary_rows import EVENT
from deliveries.views import EventsView
from meshes.authentication import HEADER

EMAIL = "canary@meshes.invalid"
BODY = json.dumps({"event": EVENT, "payload": {"email": EMAIL}}).encode()


def send(key: str) -> int:
    """The status with which the endpoint answered."""
    return int(_handler().get_response(_request(key)).status_code)


@lru_cache(maxsize=1)
def _handler() -> BaseHandler:
    handler = BaseHandler()
    handler.load_middleware()
    return handler


def _request(key: str) -> WSGIRequest:
    scheme = urlsplit(settings.PUBLIC_URL).scheme
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": EventsView.path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(BODY)),
        "HTTP_HOST": _host(),
        "HTTP_X_FORWARDED_PROTO": scheme,
        "HTTP_" + HEADER.upper().replace("-", "_"): key,
        "wsgi.url_scheme": scheme,
        "wsgi.input": BytesIO(BODY),
    }
    return WSGIRequest(environ)


def _host() -> str:
    """A name that is answered here: the public one, or the first that is allowed.

    Why: PUBLIC_URL may be left as it is where nobody reads mails with links.
    """
    allowed = settings.ALLOWED_HOSTS
    public = urlsplit(str(settings.PUBLIC_URL))
    name = public.hostname or ""
    if not allowed or validate_host(name, allowed):
        return public.netloc
    return str(allowed[0]).lstrip(".").replace("*", "localhost")
