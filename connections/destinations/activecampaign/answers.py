"""Which answers mean success and which error, as one table; the first match wins.

Source: ActiveCampaign API v3 reference, sections 1.1, 3.1, 3.4, 4.2 to 4.4, 5.2, 8, 12 and 13.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from connections.destinations.activecampaign.reading import Body, Reading
from connections.destinations.errors import (
    DestinationError,
    Misconfigured,
    RateLimited,
    Rejected,
    RemoteFault,
    Stale,
    Unauthorized,
)

Family = Literal[
    "ok", "gone", "rate_limited", "remote_fault", "unauthorized", "doubtful", "rejected",
    "misconfigured", "stale_contact", "stale_tag", "stale_list",
]  # fmt: skip

RETRY_AFTER_S = 5.0
BULK_RETRY_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of answer and what it means.

    Shape: `statuses` are inclusive ranges; `bodies`, `operations`, `methods`,
    `codes` and `texts` match anything when empty. `expected` asks for the
    key that the operation promises. `texts` are lower-case fragments of
    which one must occur.
    Units: `retry_after_s` applies when the answer names no time.
    """

    name: str
    family: Family
    statuses: tuple[tuple[int, int], ...]
    reason: str = ""
    sentence: str = ""
    bodies: frozenset[Body] = frozenset()
    expected: bool = False
    operations: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()
    retry_after_s: float | None = None

    def matches(self, reading: Reading) -> bool:
        """Whether the answer is of this kind."""
        return (
            any(low <= reading.status <= high for low, high in self.statuses)
            and (not self.bodies or reading.body in self.bodies)
            and (not self.expected or reading.has_expected)
            and (not self.operations or reading.operation in self.operations)
            and (not self.methods or reading.method in self.methods)
            and (not self.codes or bool(self.codes & reading.codes))
            and (not self.texts or any(text in reading.text for text in self.texts))
        )


def judged(reading: Reading) -> Row:
    """The first row of the table that the answer matches."""
    return next(row for row in ANSWERS if row.matches(reading))


def error_of(row: Row, reading: Reading) -> DestinationError | None:
    """The error that the row stands for, or None for success."""
    if row.family == "ok":
        return None
    wait = reading.retry_after_s if reading.retry_after_s is not None else row.retry_after_s
    if row.family == "rate_limited":
        return RateLimited(row.reason, row.sentence, retry_after_s=wait or RETRY_AFTER_S)
    if row.family == "remote_fault":
        return RemoteFault(row.reason, row.sentence, retry_after_s=wait)
    if row.family in ("unauthorized", "doubtful"):
        return Unauthorized(row.reason, row.sentence, certain=row.family == "unauthorized")
    if row.family == "rejected":
        return Rejected(row.reason, row.sentence)
    if row.family == "misconfigured":
        return Misconfigured(row.reason, row.sentence)
    return Stale(row.reason, row.sentence, what=STALE_WHAT[row.family])


STALE_WHAT = {
    "gone": "link",
    "stale_contact": "contact",
    "stale_tag": "tag",
    "stale_list": "list",
}

_GOOD = ((200, 299),)
_BAD = ((400, 499),)
_ANY = ((0, 999),)
_BAD_INPUT = ((400, 400), (404, 404), (422, 422))
OF_CONTACT = frozenset({"contact_delete", "contact_lists", "contact_tags", "list_set", "tag_add"})
OF_TAG = frozenset({"tag", "tag_add"})
OF_LIST = frozenset({"list_set"})
_NO_JSON: frozenset[Body] = frozenset({"html", "text", "empty"})

ANSWERS = (
    Row("success", "ok", _GOOD, bodies=frozenset({"json"}), expected=True),
    Row(
        "success without a body", "ok", _GOOD, bodies=frozenset({"empty"}),
        methods=frozenset({"DELETE", "PUT"}),
    ),
    Row(
        "a page instead of data", "doubtful", _GOOD, "login_page",
        "ActiveCampaign answered with a page instead of data; check the API URL and the key.",
        bodies=_NO_JSON,
    ),
    Row(
        "data of another kind", "remote_fault", _GOOD, "unexpected_answer",
        "ActiveCampaign accepted the request but its answer lacks the expected part.",
    ),
    Row(
        "a redirect", "doubtful", ((300, 399),), "login_page",
        "ActiveCampaign sent us to another page instead of answering; check the API URL.",
    ),
    Row(
        "too many requests", "rate_limited", ((429, 429),), "rate_limited",
        "ActiveCampaign asked us to slow down.", retry_after_s=RETRY_AFTER_S,
    ),
    Row(
        "the bulk rate limit", "rate_limited", ((400, 400),), "rate_limited",
        "ActiveCampaign asked us to slow down.", texts=("rate limit exceeded",),
        retry_after_s=BULK_RETRY_AFTER_S,
    ),
    Row(
        "an account that is full", "misconfigured", _BAD, "contact_limit_reached",
        "The ActiveCampaign account has reached its contact limit; raise the limit there.",
        texts=("account limit", "contact limit", "limit of contacts"),
    ),
    Row(
        "credentials refused", "unauthorized", ((401, 401),), "unauthorized",
        "ActiveCampaign refuses the API key; enter a valid key on the connection.",
    ),
    Row(
        "an unpaid account", "unauthorized", ((402, 402),), "account_unpaid",
        "The ActiveCampaign account is unpaid; its owner must settle the bill.",
    ),
    Row(
        "a missing permission", "misconfigured", ((403, 403),), "permission_denied",
        "The ActiveCampaign user of this key lacks a permission; extend the rights of its group.",
        texts=("do not have permission",),
    ),
    Row(
        "an enrollment refused", "rejected", ((403, 403), (422, 422)), "enrollment_refused",
        "ActiveCampaign did not enroll the contact in the automation.",
        texts=("could not create subscriberseries",),
    ),
    Row(
        "an unknown field", "misconfigured", ((403, 403), (422, 422)), "field_not_found",
        "ActiveCampaign does not know a mapped field; refresh the catalog and repair the mapping.",
        texts=("field id not valid",),
    ),
    Row(
        "access forbidden", "doubtful", ((403, 403),), "forbidden",
        "ActiveCampaign refused the request without a reason; the API key may have been revoked.",
    ),
    Row(
        "a link already removed", "gone", ((404, 404),), "link_not_found",
        "The contact no longer holds the tag through the link that we remembered.",
        operations=frozenset({"tag_remove"}), texts=("no result found", "not found"),
    ),
    Row(
        "a contact that is gone by code", "stale_contact", _BAD_INPUT, "contact_not_found",
        "ActiveCampaign does not know the contact.",
        operations=OF_CONTACT, codes=frozenset({"contact_not_exist"}),
    ),
    Row(
        "a list that is gone by code", "stale_list", _BAD_INPUT, "list_not_found",
        "ActiveCampaign does not know the list.",
        operations=OF_LIST, codes=frozenset({"list_not_exist"}),
    ),
    Row(
        "a contact that is gone", "stale_contact", _BAD_INPUT, "contact_not_found",
        "ActiveCampaign does not know the contact.", operations=OF_CONTACT,
        texts=("for subscriber with", "for contact with", "contact not found",
               "related contact does not exist"),
    ),
    Row(
        "a tag that is gone", "stale_tag", ((404, 404),), "tag_not_found",
        "ActiveCampaign does not know the tag.",
        operations=OF_TAG, texts=("for tag with", "tag not found"),
    ),
    Row(
        "a tag id that is none", "stale_tag", ((400, 400), (422, 422)), "tag_not_found",
        "ActiveCampaign does not know the tag.",
        operations=OF_TAG, texts=("no tag id provided",),
    ),
    Row(
        "a list that is gone", "stale_list", _BAD_INPUT, "list_not_found",
        "ActiveCampaign does not know the list.", operations=OF_LIST,
        texts=("for list with", "list not found", "related list does not exist"),
    ),
    Row(
        "an endpoint that is not there", "remote_fault", ((404, 404),), "endpoint_not_found",
        "ActiveCampaign does not offer this request at the moment; check the API URL.",
    ),
    Row(
        "an invalid email by code", "rejected", ((400, 400), (422, 422)), "email_invalid",
        "ActiveCampaign refuses the email address as invalid; correct it in the product.",
        codes=frozenset({"email_invalid", "must_be_valid_email_address"}),
    ),
    Row(
        "a contact created meanwhile by code", "rejected", ((400, 400), (409, 409), (422, 422)),
        "contact_duplicate", "ActiveCampaign holds the contact already.",
        operations=frozenset({"contact_sync"}), codes=frozenset({"duplicate"}),
    ),
    Row(
        "an invalid email", "rejected", ((400, 400), (422, 422)), "email_invalid",
        "ActiveCampaign refuses the email address as invalid; correct it in the product.",
        texts=("email address is not valid", "contact email must be provided"),
    ),
    Row(
        "a contact created meanwhile", "rejected", ((400, 499), (500, 500)),
        "contact_duplicate", "ActiveCampaign holds the contact already.",
        operations=frozenset({"contact_sync"}),
        texts=("address already exists in the system", "duplicate entry"),
    ),
    Row(
        "a request that took too long there", "remote_fault", ((408, 408),), "server_error",
        "ActiveCampaign had a problem of its own.",
    ),
    Row(
        "a service that is overloaded", "remote_fault", ((503, 503),), "overloaded",
        "ActiveCampaign is overloaded or in maintenance.",
    ),
    Row(
        "a fault of the server", "remote_fault", ((500, 599),), "server_error",
        "ActiveCampaign had a problem of its own.",
    ),
    Row(
        "any other refusal", "rejected", _BAD, "request_refused",
        "ActiveCampaign refuses this request; the exchange in the history shows its answer.",
    ),
    Row(
        "an answer of no known kind", "remote_fault", _ANY, "unexpected_answer",
        "ActiveCampaign answered in a way that we do not know.",
    ),
)  # fmt: skip
"""Every answer has a row: the last one matches anything."""
