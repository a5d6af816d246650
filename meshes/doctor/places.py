"""Where people reach this server, and what it serves there."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http.request import validate_host

from meshes.doctor.findings import Asked, Finding, broken, ok, warning

LOCAL = ("localhost", "127.0.0.1", "::1")
FILES = (
    "meshes/admin.css",
    "deliveries/home.css",
    "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js",
)
SHORTEST_TOKEN = 20


def addresses(_asked: Asked) -> Iterator[Finding]:
    """Whether the public address is answered, safe, and more than this machine's own."""
    public = urlsplit(settings.PUBLIC_URL)
    name = public.hostname or ""
    if not validate_host(name, settings.ALLOWED_HOSTS):
        yield broken(
            f"PUBLIC_URL names {name or 'no host'}, which ALLOWED_HOSTS does not answer.",
            "Add the host of PUBLIC_URL to ALLOWED_HOSTS, and start the web server again.",
        )
    elif name in LOCAL:
        yield warning(
            f"PUBLIC_URL is {public.scheme}://{public.netloc}, so links in mails and code to copy "
            "lead to each reader's own machine.",
            "Set PUBLIC_URL to the address that people and products use.",
        )
    elif public.scheme != "https":
        yield warning(
            "PUBLIC_URL is no https address, so keys and passwords travel unprotected.",
            "Put a proxy with a certificate before the web server, and write https in PUBLIC_URL.",
        )
    else:
        yield ok(f"{public.scheme}://{public.netloc} is answered, with secure cookies and HSTS.")


def metrics(_asked: Asked) -> Iterator[Finding]:
    """Whether somebody can read the metrics, and nobody can guess how."""
    token = settings.METRICS_TOKEN
    if not token:
        yield warning(
            "METRICS_TOKEN is not set, so nobody can read /metrics.",
            "Set it to a random text, and give it to your Prometheus as a bearer token.",
        )
    elif len(token) < SHORTEST_TOKEN:
        yield warning(
            f"METRICS_TOKEN has fewer than {SHORTEST_TOKEN} characters and may be guessed.",
            "Use a longer random text.",
        )
    else:
        yield ok("METRICS_TOKEN guards /metrics.")


def static_files(_asked: Asked) -> Iterator[Finding]:
    """Whether the files of the admin and of the API's documentation are here."""
    missing = [name for name in FILES if finders.find(name) is None]
    if missing:
        yield broken(
            f"{len(missing)} of {len(FILES)} files of the pages are missing, first {missing[0]}.",
            "Install Meshes and what it needs again: make install",
        )
    else:
        yield ok("The files of the admin and of the API's documentation are here.")
