"""How the API's description is generated, and what it says of the API as a whole."""

from __future__ import annotations

from typing import Any

ABOUT = """\
Post an event; Meshes makes the destination hold the state that your rules ask for.

**Who calls.** A publishable key (`X-Meshes-Publishable-Key`) posts events into its workspace and
does nothing else; it may stand in a browser. Everything else takes a token that a machine key
signed, a new one for each request. A machine key sees its organization, or the workspaces that it
is limited to; what lies outside is answered by 404.

**Lists.** `limit` is 1 to 200 (50 unless set). Pass `next_cursor` on as `cursor` until it is
null; newest records come first, and records that arrive meanwhile move nothing. Lists without
these parameters answer everything at once.

**Errors.** Every error has `message` and `error` with `name` and `message`; `error.data` names
each parameter that is wrong. 429 and 503 say in `Retry-After` how many seconds to wait. Fields
that are not set are left out.

**Times** are RFC 3339 in UTC with milliseconds. Unknown query parameters, headers and body fields
are ignored.
"""
SETTINGS: dict[str, Any] = {
    "TITLE": "Meshes API",
    "VERSION": "1.0.0",
    "DESCRIPTION": ABOUT,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "format": "uuid"}},
    "TAGS": [
        {"name": "Events", "description": "What happened in your product, and what became of it."},
        {"name": "Workspaces", "description": "Product environments, kept apart from each other."},
        {"name": "Connections", "description": "Accounts that Meshes changes."},
        {"name": "Mappings", "description": "Which fields of a contact an event fills."},
        {"name": "Rules", "description": "Which event leads to which state."},
        {"name": "Integrations", "description": "Destinations and what they can do."},
    ],
}
