"""The shapes of events, rule events and attempts, written by hand from the wire contract.

Source: Meshes API wire contract, sections 7 and 8.
"""

from __future__ import annotations

from tests.contract.shapes import COUNT, FLAG, ID, INTEGRATION, STATUS, TEXT, TIME, WORD, strict

OUTCOME = {
    "enum": "delivered rejected_client_error rejected_server_error rate_limited auth_failed "
    "timeout network_error mapping_error internal_error".split()
}
TIMES = {"started_at": TIME, "completed_at": TIME}
RESOURCE = {"resource": WORD, "resource_id": WORD}
RULE_EVENT = strict(
    {
        "id": ID,
        "type": {"const": "rule"},
        "workspace": ID,
        "event_id": ID,
        "connection": ID,
        "rule": ID,
        "event": WORD,
        "integration_type": INTEGRATION,
        "status": STATUS,
        "attempt_count": COUNT,
        "created_by": WORD,
        "created_at": TIME,
    },
    optional={**RESOURCE, **TIMES, "last_error": WORD},
)
ALWAYS = {"id": ID, "workspace": ID, "event": WORD, "status": STATUS}
ALWAYS |= {"created_by": WORD, "created_at": TIME}
SOMETIMES = {"type": {"const": "event"}, **RESOURCE, **TIMES}
SOMETIMES |= {"total_rules": COUNT, "completed_count": COUNT, "failed_count": COUNT}
SOMETIMES |= {"rule_events": {"type": "array", "items": RULE_EVENT}}
EVENT = strict(ALWAYS, optional=SOMETIMES)
EVENT_WITH_PAYLOAD = strict({**ALWAYS, "payload": {"type": "object"}}, optional=SOMETIMES)
ATTEMPT = strict(
    {
        "id": ID,
        "event_id": ID,
        "rule": ID,
        "connection": ID,
        "workspace": ID,
        "integration_type": INTEGRATION,
        "attempt_number": {"type": "integer", "minimum": 1},
        "started_at": TIME,
        "has_response_details": FLAG,
        "created_at": TIME,
    },
    optional={
        "outcome_code": OUTCOME,
        "message": WORD,
        "completed_at": TIME,
        "duration_ms": COUNT,
    },
)
DETAILS = strict(
    {
        "status_code": {"type": "integer", "minimum": 100, "maximum": 599},
        "headers": {"type": "object", "additionalProperties": TEXT},
        "body": TEXT,
        "truncated": FLAG,
        "captured_at": TIME,
    }
)
