"""What the fault switches answer, and how they spoil a good answer. Pure.

Source: API reference sections 1.1, 12, 13.5 and 13.6.
"""

import json
from collections.abc import Callable
from typing import Any

from connections.destinations.activecampaign.sandbox import refusals
from connections.destinations.activecampaign.sandbox.messages import Answer, Manner, json_answer

Options = dict[str, Any]
HTML = "text/html; charset=UTF-8"
_TITLES = {500: "Internal Server Error", 502: "Bad gateway", 504: "Gateway time-out"}


def instead(name: str, options: Options) -> Answer:
    """The answer that a fault of the stage "answer" gives."""
    return _INSTEAD[name](options).but(fault=name)


def spoiled(name: str, options: Options, answer: Answer) -> Answer:
    """A good answer after a fault of the stage "after"."""
    return _SPOILERS[name](options, answer).but(fault=name, applied=answer.applied)


def wrong_key(kind: str) -> Answer:
    """What a wrong key gets: an empty 403, a JSON 403 or a login page with 200."""
    if kind == "login_page":
        return _login_page({})
    return refusals.forbidden("Forbidden").answer if kind == "json" else refusals.empty_forbidden()


def too_fast(retry_after: int, limit: int = 5) -> Answer:
    """429 with its headers."""
    answer = json_answer({"message": "Too Many Requests"}, 429)
    headers = {"RateLimit-Limit": str(limit), "RateLimit-Remaining": "0"}
    return answer.but(headers={"Retry-After": str(retry_after), **headers})


def _page(status: int, title: str) -> Answer:
    text = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{title}</body></html>"
    return Answer(status=status, body=text.encode(), content_type=HTML)


def _login_page(options: Options) -> Answer:
    return _page(200, "Login")


def _server_error(options: Options) -> Answer:
    status = options["status"]
    return _page(status, f"sandbox | {status}: {_TITLES.get(status, 'Error')}")


def _overloaded(options: Options) -> Answer:
    answer = _page(503, "Service Unavailable")
    seconds = options["retry_after"]
    return answer.but(headers={"Retry-After": str(seconds)}) if seconds else answer


def _cloudflare(options: Options) -> Answer:
    payload = {
        "type": "https://developers.cloudflare.com/errors/error-502/",
        "title": "Error 502: Bad gateway",
        "status": 502,
        "detail": "The origin web server did not answer properly.",
        "error_code": 502,
        "error_name": "origin_bad_gateway",
        "error_category": "origin",
        "ray_id": "0000000000000000",
        "timestamp": "2026-03-02T15:15:00Z",
        "zone": "sandbox",
        "cloudflare_error": True,
        "retryable": True,
        "retry_after": options["retry_after"],
        "owner_action_required": True,
    }
    return json_answer(payload, 502)


def _any_status(options: Options) -> Answer:
    body = options["body"].encode()
    return Answer(status=options["status"], body=body, content_type=options["content_type"])


def _huge(options: Options) -> Answer:
    filler = "x" * max(0, options["bytes"] - 12)
    return Answer(body=json.dumps({"filler": filler}).encode())


def _dropped(options: Options) -> Answer:
    return Answer(manner=Manner("drop", options["seconds"]), outcome="dropped")


def _reset(options: Options, answer: Answer | None = None) -> Answer:
    return Answer(manner=Manner("reset"), outcome="reset")


def _wrong_contact(options: Options, answer: Answer) -> Answer:
    payload = json.loads(answer.body)
    shown = [payload.get("contact"), *(payload.get("contacts") or [])]
    for contact in filter(None, shown):
        contact["email"] = options["email"]
    return json_answer(payload, answer.status)


_INSTEAD: dict[str, Callable[[Options], Answer]] = {
    "rate_limit": lambda options: too_fast(options["retry_after"]),
    "rate_limit_503": _overloaded,
    "server_error": _server_error,
    "cloudflare_502": _cloudflare,
    "login_page": _login_page,
    "forbidden_empty": lambda options: refusals.empty_forbidden(),
    "forbidden_intermittent": lambda options: refusals.empty_forbidden(),
    "forbidden_json": lambda options: refusals.forbidden("Forbidden").answer,
    "permission_denied": lambda options: refusals.no_permission(options["what"]).answer,
    "payment_required": lambda options: json_answer({"message": "Payment Required"}, 402),
    "unauthorized": lambda options: json_answer({"message": "Unauthorized"}, 401),
    "collection_not_found": lambda options: refusals.no_route().answer,
    "redirect": lambda options: Answer(302, headers={"Location": options["location"]}),
    "status": _any_status,
    "huge": _huge,
    "hang": _dropped,
    "reset": _reset,
}

_SPOILERS: dict[str, Callable[[Options, Answer], Answer]] = {
    "reset_after_write": _reset,
    "truncate": lambda options, answer: answer.but(manner=Manner("truncate")),
    "drip": lambda options, answer: answer.but(manner=Manner("drip", options["seconds"])),
    "empty_body": lambda options, answer: answer.but(body=b"", content_type=None),
    "json_as_html": lambda options, answer: answer.but(content_type=HTML),
    "same_status": lambda options, answer: answer.but(status=options["status"]),
    "wrong_contact": _wrong_contact,
}
