"""Every endpoint with what it takes to call it; a new endpoint needs a line here.

A row is called twice: with the ids of the caller's own rows, and with those of another
organization. Fill `{workspace_id}` and the other names of `tests.contract.worlds.Ids`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Foreign = Literal["unknown", "nothing", "refused", "no rows"]


@dataclass(frozen=True)
class Endpoint:
    """One method of one address.

    Shape: `own` is the status with ids of one's own. `foreign` is what the ids of another
    organization lead to: `unknown` a 404, `nothing` a list without any of its rows,
    `refused` a 400 (for ids in a body whose endpoint declares no 404), `no rows` an
    endpoint that shows and takes no rows of anybody.
    """

    method: str
    path: str
    foreign: Foreign
    own: int = 200
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


WORKSPACES = (
    Endpoint("GET", "/workspaces", "nothing"),
    Endpoint("POST", "/workspaces", "no rows", own=201, body={"name": "Fresh one"}),
    Endpoint("GET", "/workspaces/{workspace_id}", "unknown"),
    Endpoint("PUT", "/workspaces/{workspace_id}", "unknown", body={"name": "Renamed"}),
    Endpoint("GET", "/workspaces/{workspace_id}/event-types", "unknown"),
    Endpoint("GET", "/workspaces/{workspace_id}/resources", "unknown"),
)
NO_CREDENTIALS = {"name": "Elsewhere", "metadata": {}}
CONNECTIONS = (
    Endpoint("GET", "/integrations", "no rows"),
    Endpoint("GET", "/connections", "nothing"),
    Endpoint(
        "POST",
        "/connections",
        "refused",
        own=422,
        body={**NO_CREDENTIALS, "workspace": "{workspace_id}", "type": "activecampaign"},
    ),
    Endpoint("GET", "/connections/{connection_id}", "unknown"),
    Endpoint("PUT", "/connections/{connection_id}", "unknown", own=422, body=NO_CREDENTIALS),
    Endpoint("DELETE", "/connections/{connection_id}", "unknown", body={"force_delete": True}),
    Endpoint("GET", "/connections/{connection_id}/actions", "unknown"),
    Endpoint("GET", "/connections/{connection_id}/fields", "unknown"),
    Endpoint("GET", "/workspaces/{workspace_id}/connections", "unknown"),
)
MAPPING = {"schema": {"schema_version": 1, "fields": []}}
RULE = {
    "workspace": "{workspace_id}",
    "connection": "{connection_id}",
    "event": "page.viewed",
    "metadata": {"action": "add_tag", "id": "13"},
}
RULES = (
    Endpoint("GET", "/connections/{connection_id}/mappings/default", "unknown"),
    Endpoint("PUT", "/connections/{connection_id}/mappings/default", "unknown", body=MAPPING),
    Endpoint("GET", "/rules", "nothing"),
    Endpoint("POST", "/rules", "unknown", own=201, body=RULE),
    Endpoint("GET", "/rules/{rule_id}", "unknown"),
    Endpoint("DELETE", "/rules/{rule_id}", "unknown"),
    Endpoint("GET", "/workspaces/{workspace_id}/rules", "unknown"),
)
EVENT = {
    "event": "page.completed",
    "workspace": "{workspace_id}",
    "payload": {"email": "alex@northstar.io"},
}
POSTING = (
    Endpoint("POST", "/events", "refused", own=201, body=EVENT),
    Endpoint("POST", "/events/bulk", "refused", own=201, body=[EVENT]),
)
A_RULE_EVENT = "/events/{event_id}/rules/{rule_id}"
AN_ATTEMPT = f"{A_RULE_EVENT}/attempts/{{attempt_id}}"
EVENTS = (
    Endpoint("GET", "/events", "nothing"),
    Endpoint("GET", "/events/{event_id}", "unknown"),
    Endpoint("GET", "/events/{event_id}/payload", "unknown"),
    Endpoint("POST", "/events/{event_id}/cancel", "unknown", own=409),
    Endpoint("GET", "/workspaces/{workspace_id}/events", "unknown"),
    Endpoint("POST", f"{A_RULE_EVENT}/retry", "unknown"),
    Endpoint("POST", f"{A_RULE_EVENT}/cancel", "unknown", own=409),
    Endpoint("GET", f"{A_RULE_EVENT}/attempts", "unknown"),
    Endpoint("GET", AN_ATTEMPT, "unknown"),
    Endpoint("GET", f"{AN_ATTEMPT}/response-details", "unknown"),
)
ENDPOINTS = (*WORKSPACES, *CONNECTIONS, *RULES, *POSTING, *EVENTS)
