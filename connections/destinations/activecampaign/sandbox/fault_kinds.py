"""The fault switches as data: their names, stages, options and what they stand for.

Stages: "before" delays, "answer" replaces the answer, "after" spoils a good answer,
"behavior" is read by the endpoint that it concerns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class FaultKind:
    """One switch; `options` are its own with their defaults, `common` preset shared ones."""

    name: str
    stage: str
    summary: str
    options: Mapping[str, Any] = field(default_factory=dict)
    common: Mapping[str, Any] = field(default_factory=dict)
    writes_only: bool = False

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options complete with defaults.

        Raises: ValueError with a sentence for an unknown name or a wrong type.
        """
        for name, value in given.items():
            if name not in self.options:
                known = ", ".join(self.options) or "none of its own"
                raise ValueError(f"{self.name} has no option {name}. It has: {known}.")
            _check_type(name, value, self.options[name])
        return {**self.options, **given}


def _check_type(name: str, value: Any, default: Any) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(default, bool):
        fits, wanted = isinstance(value, bool), "true or false"
    elif isinstance(default, int):
        fits, wanted = type(value) is int and value >= 0, "a whole number of at least 0"
    elif isinstance(default, float):
        fits, wanted = number and 0 <= value <= 86_400, "a number of seconds"
    else:
        fits, wanted = isinstance(value, str), "text"
    if not fits:
        raise ValueError(f"{name} must be {wanted}.")


def _answer(name: str, summary: str, **options: Any) -> FaultKind:
    # Every answer fault can let the write happen first: the work is done, the answer lost.
    return FaultKind(name, "answer", summary, {**options, "apply": False})


def _switch(name: str, summary: str, **options: Any) -> FaultKind:
    return FaultKind(name, "behavior", summary, options)


_ALL = (
    FaultKind("latency", "before", "Wait before anything happens.", {"seconds": 1.0}),
    _answer("rate_limit", "429 with Retry-After.", retry_after=1),
    _answer("rate_limit_503", "503 as the rate limit's answer (2021).", retry_after=0),
    _answer("server_error", "500, 502 or 504 with an HTML page.", status=500),
    _answer("cloudflare_502", "Cloudflare's JSON error of the edge.", retry_after=60),
    _answer("login_page", "200 with an HTML login page."),
    _answer("forbidden_empty", "403, empty, without a content type."),
    FaultKind(
        "forbidden_intermittent",
        "answer",
        "The empty 403 now and then, with a good key.",
        {"apply": False},
        {"probability": 0.3},
    ),
    _answer("forbidden_json", '403 {"message":"Forbidden"}.'),
    _answer("permission_denied", "403: no permission to view something.", what="lists"),
    _answer("payment_required", "402: the account is unpaid."),
    _answer("unauthorized", "401 from a proxy in front."),
    FaultKind(
        "collection_not_found",
        "answer",
        "404 on a collection of a healthy account.",
        {"apply": False},
        {"method": "GET", "path": "contacts"},
    ),
    _answer("redirect", "302 to another host.", location="https://elsewhere.example/"),
    _answer("status", "Any status with any body.", status=418, body="{}", content_type="text/json"),
    _answer("huge", "200 with a very long JSON answer.", bytes=20_000_000),
    _answer("hang", "Hold, then drop the connection.", seconds=60.0),
    _answer("reset", "Reset the connection before anything happens."),
    FaultKind("reset_after_write", "after", "Reset after applying the write.", writes_only=True),
    FaultKind("truncate", "after", "Send half of the body, then drop the connection."),
    FaultKind("drip", "after", "Send the body bit by bit.", {"seconds": 60.0}),
    FaultKind("empty_body", "after", "A good status with an empty body."),
    FaultKind("json_as_html", "after", "Good JSON under text/html."),
    FaultKind(
        "wrong_contact",
        "after",
        "The contact in the answer carries another email.",
        {"email": "stranger@elsewhere.example"},
    ),
    FaultKind(
        "same_status",
        "after",
        "The same status where 200 or 201 is due.",
        {"status": 200},
        writes_only=True,
    ),
    _switch("duplicate_tag_2023", "The 2023 error for an existing tag name.", status=422),
    _switch("missing_tag_status", "Status when a tag id is missing (2021: 400).", status=400),
    _switch("invalid_email_status", "Status for an invalid address (old: 400).", status=400),
    _switch("related_missing_status", "Status for an unknown list.", status=400),
    _switch("enroll_conflict_422", "422 instead of 403 for a refused enrollment."),
    _switch("read_after_write_delay", "Reads miss what is younger than this.", seconds=2.0),
    _switch("contact_vanishes", "The contact is deleted just before its tag or list is written."),
    _switch("tag_vanishes", "The tag is deleted just before it is added."),
    _switch("inline_tags_lists", "Contact writes take tags and lists inside the contact."),
    _switch("short_field_pages", "GET /fields pages by 20 (2022) instead of 100."),
    _switch("hide_unshared_lists", "Lists made by API stay hidden until shared."),
    _switch("import_rate_limit", "Bulk import answers its 400 rate limit."),
    _switch("import_outcome", "How the next imports end.", status="failed"),
)

KINDS: Mapping[str, FaultKind] = MappingProxyType({kind.name: kind for kind in _ALL})
