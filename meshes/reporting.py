"""Starts what the operator switched on: traces and reports of errors; both are off by default."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from meshes import error_reports, tracing


def start() -> None:
    """Start tracing and reports where their variable is set.

    Raises: ImproperlyConfigured, when what they need is not installed.
    """
    try:
        if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            tracing.start(settings.OTEL_EXPORTER_OTLP_ENDPOINT)
        if settings.SENTRY_DSN:
            error_reports.start(settings.SENTRY_DSN)
    except tracing.NotInstalled as error:
        raise ImproperlyConfigured(str(error)) from None
