"""Servers that repeat to everybody what they were told: a destination's and a mail server."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable

from tests.connections.wire_server import Serve, WireServer
from tests.journeys.planted import API_KEY, COOKIE, EMAIL, NAME, PLAN

TOLD = f"{EMAIL.value} {NAME.value} {PLAN.value} Api-Token: {API_KEY.value}"
COOKIES = f"Set-Cookie: PHPSESSID={COOKIE.value}; Path=/"


def repeating(
    status: str,
    shape: Callable[[str], str],
    *headers: str,
    context: ssl.SSLContext | None = None,
) -> WireServer:
    """A destination that answers each request with what it was sent, and with all else it knows."""

    def serve(connection: socket.socket) -> None:
        body = shape(f"{TOLD} {server.received[-1].decode(errors='replace')}").encode()
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", COOKIES, *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode() + body)

    server = WireServer(serve, context)
    return server


def _page(text: str) -> str:
    return f"<html><title>{EMAIL.value}</title><h1>{text}</h1><!-- {API_KEY.value} -->"


def _errors(text: str) -> str:
    fault = {"title": text, "detail": text, "code": NAME.value, "source": {"pointer": PLAN.value}}
    return json.dumps({"message": text, "errors": [fault], EMAIL.value: API_KEY.value})


def _wrong_contact(text: str) -> str:
    return json.dumps({"contact": {"id": "7", "email": f"not-{EMAIL.value}", "note": text}})


def _half(text: str) -> str:
    return '{"contact": {"email": "' + text


JSON, HTML = "Content-Type: application/json", "Content-Type: text/html"
WAYS: dict[str, tuple[str, Callable[[str], str], str]] = {
    "a refusal": ("422 Unprocessable Entity", _errors, JSON),
    "a bad request": ("400 Bad Request", _errors, JSON),
    "a missing thing": ("404 Not Found", _errors, JSON),
    "a broken server": ("500 Internal Server Error", _page, HTML),
    "a gateway": ("502 Bad Gateway", _errors, JSON),
    "a limit": ("429 Too Many Requests", _errors, JSON),
    "a redirect": ("302 Found", _page, f"Location: https://planted.example/?{TOLD}"),
    "a page": ("200 OK", _page, HTML),
    "half an answer": ("200 OK", _half, JSON),
    "another contact": ("200 OK", _wrong_contact, JSON),
    "an odd status": ("418 " + EMAIL.value, _errors, f"X-Request-Id: {TOLD}"),
}


class MailServer:
    """Takes mail and refuses it at the end, repeating it; `letters` are what it was sent."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        self._wire = WireServer(self._unused)
        self.port = self._wire.port
        self._wire._talk = self._talk  # type: ignore[method-assign]

    _unused: Serve = staticmethod(lambda _connection: None)

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as lines:

            def say(text: str) -> None:
                lines.write(text.encode() + b"\r\n")
                lines.flush()

            say("220 planted")
            while line := lines.readline().decode(errors="replace").strip():
                if line.upper().startswith("EHLO"):
                    say("250-planted\r\n250 AUTH PLAIN")
                elif line.upper() == "DATA":
                    say("354 go on")
                    self.letters.append(_letter(lines))
                    say(f"554 refused: {self.letters[-1][:200]!r} {TOLD}")
                else:
                    say("235 yes" if line.upper().startswith("AUTH") else "250 yes")

    def stop(self) -> None:
        """Hang up."""
        self._wire.stop()


def _letter(lines: object) -> str:
    text = b""
    while (line := lines.readline()) not in (b".\r\n", b""):
        text += line
    return text.decode(errors="replace")
