"""Queueing a bulk import and asking after it. Source: API reference section 8.

Nothing is imported here; a worker does that later.
"""

from typing import Any

from connections.destinations.activecampaign.sandbox import clock
from connections.destinations.activecampaign.sandbox.call import Call, Json
from connections.destinations.activecampaign.sandbox.messages import (
    Answer,
    Refusal,
    as_id,
    json_answer,
)
from connections.destinations.activecampaign.sandbox.rows import Batch

MAX_CONTACTS = 250
MAX_BYTES = 399_999
PER_MINUTE, SINGLES_PER_MINUTE = 100, 20
INVALID = "JSON payload did not pass validation. The import was not queued."
TOO_MANY = "Up to {} imports may be requested per minute."


def create(call: Call) -> Answer:
    """Queue a batch, all or nothing; JSON under text/html, as recorded."""
    contacts = _checked_contacts(call)
    _check_rate(call, single=len(contacts) == 1)
    body = call.request.body
    queued = [item for item in contacts if item["email"].lower() not in call.data.excluded]
    callback = body.get("callback")
    batch = Batch(
        contacts=contacts,
        created=call.now,
        exclude_automations=body.get("exclude_automations") in (True, 1, "1", "true"),
        callback=callback if isinstance(callback, dict) else None,
    )
    call.data.batches[batch.batch_id] = batch
    payload = {
        "success": 1,
        "queued_contacts": len(queued),
        "batchId": batch.batch_id,
        "message": "Contact import queued",
    }
    return json_answer(payload).but(content_type="text/html; charset=UTF-8")


def info(call: Call) -> Answer:
    """How a batch is doing; the boolean false in its first second."""
    batch_id = call.request.query.get("batchId")
    if not batch_id:
        message = "'batchId' is a required field."
        return json_answer({"success": 0, "message": message}, 400)
    batch = call.data.batches.get(batch_id)
    if batch is None:
        return json_answer({"status": False, "success": [], "failure": []})
    status = _status(call, batch)
    return json_answer({"status": status, "success": batch.success, "failure": batch.failure})


def overview(call: Call) -> Answer:
    """Batches that wait and batches that are done, by day."""
    batches = list(call.data.batches.values())
    waiting = [batch for batch in batches if not batch.outcome]
    done = [batch for batch in batches if batch.outcome]
    return json_answer({"outstanding": _by_day(waiting), "recentlyCompleted": _by_day(done)})


def _status(call: Call, batch: Batch) -> str | bool:
    age, delay = call.now - batch.created, call.settings.import_delay_s
    if age < min(1.0, delay):
        return False
    return batch.outcome or ("waiting" if age < delay / 2 else "active")


def _by_day(batches: list[Batch]) -> list[dict[str, str]]:
    days: dict[str, list[Batch]] = {}
    for batch in batches:
        days.setdefault(clock.day(batch.created), []).append(batch)
    return [
        {
            "forDate": name,
            "batches": str(len(found)),
            "contacts": str(sum(len(batch.contacts) for batch in found)),
        }
        for name, found in days.items()
    ]


def _checked_contacts(call: Call) -> list[Json]:
    body = call.request.body
    if not isinstance(body, dict):
        raise _invalid(["Invalid or unparsable json"])
    if len(call.request.raw) > MAX_BYTES:
        raise _invalid([f"The request may have at most {MAX_BYTES} bytes"])
    contacts = body.get("contacts")
    if not isinstance(contacts, list) or not contacts:
        raise _invalid(["Field 'contacts' not found"])
    if len(contacts) > MAX_CONTACTS:
        raise _invalid([f"At most {MAX_CONTACTS} contacts may be imported at once"])
    reasons = [
        {"contact": number, "failureReason": reason}
        for number, item in enumerate(contacts, start=1)
        if (reason := _flaw(item))
    ]
    if reasons:
        raise _invalid(reasons)
    return contacts


def _flaw(item: Any) -> str:
    if not isinstance(item, dict) or not isinstance(item.get("email"), str) or not item["email"]:
        return "Field 'email' not found"
    if not _all_of(item.get("tags", []), str):
        return "Field 'tags' must be a list of names"
    for name, key in (("fields", "id"), ("subscribe", "listid"), ("unsubscribe", "listid")):
        rows = item.get(name, [])
        if not _all_of(rows, dict) or any(not as_id(row.get(key)) for row in rows):
            return f"Field '{name}' must be a list of objects with a numeric '{key}'"
    return ""


def _all_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _check_rate(call: Call, *, single: bool) -> None:
    if call.switch("import_rate_limit") is not None:
        raise _too_many(PER_MINUTE)
    if call.settings.rate_per_second is None:
        return
    recent = [row for row in call.data.batches.values() if call.now - row.created < 60]
    if len(recent) >= PER_MINUTE:
        raise _too_many(PER_MINUTE)
    if single and sum(len(row.contacts) == 1 for row in recent) >= SINGLES_PER_MINUTE:
        raise _too_many(SINGLES_PER_MINUTE)


def _too_many(limit: int) -> Refusal:
    # The importer's rate limit is a 400, not a 429.
    return _failure("Rate limit exceeded.", [TOO_MANY.format(limit)])


def _invalid(reasons: list[Any]) -> Refusal:
    return _failure(INVALID, reasons)


def _failure(message: str, reasons: list[Any]) -> Refusal:
    payload = {"success": 0, "message": message, "failureReasons": reasons}
    return Refusal(json_answer(payload, 400))
