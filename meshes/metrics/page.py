"""The page itself: who may see it, and its text."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from meshes.metrics.reading import Reading

UNAUTHORIZED, UNAVAILABLE = 401, 503
PLAIN = "text/plain; charset=utf-8"

log = structlog.get_logger(__name__)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures as Prometheus text.

    Raises: Http404, when the operator has set no token: then there is no such page.
    """
    if not settings.METRICS_TOKEN:
        raise Http404("There is no such page unless METRICS_TOKEN is set.")
    if not _may_see(request):
        message = "Send the METRICS_TOKEN of this server as a bearer token.\n"
        headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return HttpResponse(message, PLAIN, status=UNAUTHORIZED, headers=headers)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Reading())
    try:
        return HttpResponse(generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4)
    except DatabaseError as error:
        log.error("metrics_not_read", error=type(error).__name__)
        message = "The database does not answer. Check DATABASE_URL and the server.\n"
        return HttpResponse(message, PLAIN, status=UNAVAILABLE)


def _may_see(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(
        token.strip(), settings.METRICS_TOKEN
    )
