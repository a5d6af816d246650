"""The first real event as code to copy: with curl, TypeScript and Python.

Pure: texts in, texts out. A JSON text of strings and whole numbers is an expression in
JavaScript and in Python alike.
Source: Meshes API wire contract, sections 1, 1.1 and 6.1 (what the official client takes).
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from textwrap import indent

HEADER = "X-Meshes-Publishable-Key"
CLIENT = "@mesheshq/events"


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code under a name; `note` says what else there is to know."""

    name: str
    code: str
    note: str = ""


def snippets(*, base: str, key: str, body: str) -> tuple[Snippet, ...]:
    """The same event in each language; `base` ends with /api/v1, `body` is JSON."""
    return (
        Snippet("curl", _curl(f"{base}/events", key, body)),
        Snippet("TypeScript, official client", _client(base, key, body), CLIENT_NOTE),
        Snippet("TypeScript, fetch", _fetch(f"{base}/events", key, body)),
        Snippet("Python, requests", _python(f"{base}/events", key, body)),
    )


CLIENT_NOTE = (
    f"Install {CLIENT} from npm. Create its client with this key and this option, and send this "
    "event; the client's own documentation shows both calls."
)


def _curl(url: str, key: str, body: str) -> str:
    return "\n".join(
        (
            f"curl {shlex.quote(url)} \\",
            "  -H 'Content-Type: application/json' \\",
            f"  -H {shlex.quote(f'{HEADER}: {key}')} \\",
            f"  -d {shlex.quote(body)}",
        )
    )


def _client(base: str, key: str, body: str) -> str:
    return "\n".join(
        (
            f"// npm install {CLIENT}",
            f"export const publishableKey = {_quoted(key)};",
            f"export const options = {{ apiBaseUrl: {_quoted(base)} }};",
            f"export const event = {body};",
        )
    )


def _fetch(url: str, key: str, body: str) -> str:
    return f"""\
const answer = await fetch({_quoted(url)}, {{
  method: "POST",
  headers: {{
    "Content-Type": "application/json",
    {_quoted(HEADER)}: {_quoted(key)},
  }},
  body: JSON.stringify({_inner(body, 2)}),
}});
if (!answer.ok) throw new Error(await answer.text());"""


def _python(url: str, key: str, body: str) -> str:
    return f"""\
import requests

answer = requests.post(
    {_quoted(url)},
    headers={{{_quoted(HEADER)}: {_quoted(key)}}},
    json={_inner(body, 4)},
    timeout=10,
)
answer.raise_for_status()"""


def _inner(body: str, columns: int) -> str:
    return indent(body, " " * columns).lstrip()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
