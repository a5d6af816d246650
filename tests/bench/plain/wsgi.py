"""An answer without Django, and a project of Django's, for one server."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.plain.settings")
BODY = b'{"event":{"id":"6b1f0d9c-9b1c-4a65-8a53-2f6f3b0c1e77"}}'
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]

django = get_wsgi_application()


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Django's answer; at /bare one that nobody thought about."""
    if environ["PATH_INFO"] != "/bare":
        return django(environ, start)
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start("201 Created", HEADERS)
    return [BODY]
