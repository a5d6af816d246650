"""A rule's metadata on the wire, read and written: the action, its target, and our additions.

Pure. Our additions are texts inside the metadata, since the official clients send and read
nothing else: `conditions` is a JSON text of `page_id` and `sequence_step`; `resubscribe` and
`restart` are "true" or "false".
Source: Meshes API wire contract, section 12.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from meshes.api_errors import BadRequest
from meshes.body_fields import BodyFields
from meshes.strict_json import parse
from meshes.wire import compact_json
from rules.facts import canonical_page_id, canonical_step
from rules.models import Rule

SAID_BY_US = ("action", "id", "conditions", "resubscribe", "restart")
TEXTS = (
    "name", "value", "key", "data", "option", "option_value", "subject", "from", "body",
    "title", "template", "event_name_override",
)  # fmt: skip
CANONICAL = {"page_id": canonical_page_id, "sequence_step": canonical_step}
SWITCHES = ("resubscribe", "restart")
LONGEST = 8 * 1024
"""Of what is kept and not acted on; in bytes of JSON."""

NOT_CONDITIONS = (
    'must be the text of a JSON object such as {"page_id":"page_connect-crm","sequence_step":"3"}'
)


@dataclass(frozen=True, slots=True)
class SentMetadata:
    """What a client's metadata means; `kept` is what nothing here acts on."""

    action: str = ""
    target_id: str = ""
    conditions: Mapping[str, str] = field(default_factory=dict)
    resubscribe: bool = False
    restart: bool = False
    kept: Mapping[str, Any] = field(default_factory=dict)


def sent_metadata(metadata: Mapping[str, Any], *, into: BodyFields) -> SentMetadata:
    """What the metadata means; faults are noted in `into` under `metadata.…`."""
    inner = BodyFields(dict(metadata))
    action = inner.text("action", required=True)
    target_id = inner.text("id")
    for name in TEXTS:
        inner.text(name)
    sent = SentMetadata(
        action=action or "",
        target_id=target_id or "",
        conditions=_conditions(inner),
        kept=_kept(metadata, into=into),
        **{name: _switch(inner, name) for name in SWITCHES},
    )
    for fault in inner.faults:
        into.fault(f"metadata.{fault.param}", fault.msg)
    return sent


def metadata_record(rule: Rule) -> dict[str, Any]:
    """The rule's metadata on the wire; posted again, it makes the same rule."""
    record = {**rule.metadata, "action": rule.action}
    if rule.target_id:
        record |= {"id": rule.target_id, "name": rule.target_label}
    conditions = {name: getattr(rule, name) for name in CANONICAL if getattr(rule, name)}
    if conditions:
        record["conditions"] = compact_json(conditions)
    return record | {name: "true" for name in SWITCHES if getattr(rule, name)}


def _conditions(inner: BodyFields) -> dict[str, str]:
    text = inner.text("conditions")
    if not text:
        return {}
    try:
        asked = parse(text.encode())
    except BadRequest:
        asked = None
    if not isinstance(asked, dict):
        inner.fault("conditions", NOT_CONDITIONS)
        return {}
    return {name: _condition(inner, name, value) for name, value in asked.items()}


def _condition(inner: BodyFields, name: str, value: Any) -> str:
    if name not in CANONICAL:
        inner.fault("conditions", f"may hold {' and '.join(CANONICAL)} and nothing else")
        return ""
    canonical = CANONICAL[name](value)
    if value != "" and not canonical:
        inner.fault("conditions", f"{name} must be a text or a number that an event can carry")
    return canonical


def _switch(inner: BodyFields, name: str) -> bool:
    text = inner.text(name)
    if text not in (None, "true", "false"):
        inner.fault(name, 'must be "true" or "false"')
    return text == "true"


def _kept(metadata: Mapping[str, Any], *, into: BodyFields) -> dict[str, Any]:
    # The name of a tag or list is the account's business, so the sent one is no news.
    said = (*SAID_BY_US, "name") if metadata.get("id") else SAID_BY_US
    kept = {key: value for key, value in metadata.items() if key not in said}
    if len(json.dumps(kept)) > LONGEST:
        into.fault("metadata", f"must not hold more than {LONGEST} bytes beside the action")
        return {}
    return kept
