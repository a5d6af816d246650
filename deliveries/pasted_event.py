"""A pasted event held against a rule that is being edited: match, mapped input, requests.

Built by the same pure builders as a delivery; nothing is stored and nothing is sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst

from connections import destinations
from connections.destinations.base import Job, Request
from deliveries.jobs import field_types_of
from deliveries.reading import read_event
from meshes import strict_json
from meshes.api_errors import BadRequest
from rules.drafts import RuleDraft
from rules.facts import facts_of
from rules.mapping import EMAIL, Mapped, email_of, evaluate, generated_schema
from rules.mapping_versions import current_mapping
from rules.matching import Check, explain
from rules.targets import action_of, target_by_id
from rules.wording import FIELD_WORDS


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it would go out; the key is never in it."""

    method: str
    address: str
    body: str


@dataclass(frozen=True, slots=True)
class Pasted:
    """What the rule makes of the event.

    Shape: `fault` is a sentence when it is no event that Meshes accepts;
    `stopped` one when a delivery of it would fail before its first request.
    """

    fault: str = ""
    ok: bool = False
    checks: tuple[tuple[str, Check], ...] = ()
    email: str = ""
    values: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    stopped: str = ""
    requests: tuple[Sent, ...] = ()


def held_against(draft: RuleDraft, text: str) -> Pasted:
    """What the draft makes of the event in the text."""
    try:
        event = read_event(strict_json.parse(text.encode()), workspace_id=draft.workspace.pk)
    except BadRequest as error:
        return Pasted(fault=_fault_words(error))
    facts = facts_of(
        event=event.event,
        resource=event.resource,
        resource_id=event.resource_id,
        payload=event.payload,
    )
    verdict = explain(draft, facts)
    checks = tuple(
        (capfirst(word), check)
        for check in verdict.checks
        if check.expected and (word := FIELD_WORDS[check.name])
    )
    return _mapped(draft, event.payload, ok=verdict.ok, checks=checks)


def _mapped(
    draft: RuleDraft,
    payload: Mapping[str, Any],
    *,
    ok: bool,
    checks: tuple[tuple[str, Check], ...],
) -> Pasted:
    mapping = current_mapping(draft.connection.pk)
    schema = mapping.schema if mapping else generated_schema()
    mapped, email = evaluate(schema, payload), email_of(schema, payload)
    stopped = mapped.failed or ("" if email else "The mapping finds no email address in it.")
    return Pasted(
        ok=ok,
        checks=checks,
        email=email,
        values=tuple((dest, _text(value)) for dest, value in mapped.values.items()),
        warnings=mapped.warnings,
        stopped=stopped,
        requests=() if stopped else _requests(draft, mapped, email),
    )


def _requests(draft: RuleDraft, mapped: Mapped, email: str) -> tuple[Sent, ...]:
    connection = draft.connection
    action = action_of(connection.kind, draft.action)
    if action is None or (action.needs_target and not draft.target_id):
        return ()
    values = {dest: value for dest, value in mapped.values.items() if dest != EMAIL}
    kind = action.target_kind
    target = target_by_id(connection, kind=kind, external_id=draft.target_id)
    job = Job(
        action=draft.action,
        email=email,
        target_id=draft.target_id,
        target_label=target.label if target else "",
        values=values,
        field_types=field_types_of(connection.account_id, values),
        resubscribe=draft.resubscribe,
        restart=draft.restart,
    )
    destination = destinations.destination(connection.kind)
    base = destination.api_base(connection.metadata)
    return tuple(_sent(request, base) for request in destination.preview(job))


def _sent(request: Request, base: str) -> Sent:
    query = "&".join(f"{key}={value}" for key, value in request.query)
    address = f"{base}{request.path}{'?' if query else ''}{query}"
    body = "" if request.body is None else json.dumps(request.body, indent=2, ensure_ascii=False)
    return Sent(request.method, address, body)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _fault_words(error: BadRequest) -> str:
    faults = "; ".join(f"{fault.param} {fault.msg}" for fault in error.data)
    return f"{error.message} {faults}." if faults else error.message
