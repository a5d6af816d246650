"""What each reason code means to people: what happened, who fixes it, what to do next.

Data only, one sentence each. `{destination}` stands for the destination's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.text import capfirst


@dataclass(frozen=True, slots=True)
class Reason:
    """The cause of a delivery's state for the person who looks at it."""

    happened: str
    fixed_by: str
    next_step: str


BY_ITSELF = "Nobody has to fix this, because Meshes tries again by itself."
NOBODY = "Nobody has to fix this."
IN_RULE = "Whoever looks after the rule fixes this on the rule's page."
IN_MAPPING = "Whoever looks after the connection fixes this in its field mapping."
IN_CONNECTION = "Whoever looks after the connection fixes this on the connection's page."
IN_ACCOUNT = "Whoever manages the {destination} account fixes this in {destination}."
IN_PRODUCT = "The product team fixes this in the product that sends the event."
IN_MESHES = "The operator of Meshes fixes this."

ABBREVIATIONS: Mapping[str, str] = MappingProxyType(
    {word: word.upper() for word in ("api", "dns", "tls", "id")}
)

WAIT = "Wait for the next attempt, and replay the delivery if it has failed for good by then."
NEW_KEY = "Enter a working key and test the connection, then replay what has failed."

REASONS: Mapping[str, Reason] = MappingProxyType({
    # The way to the account.
    "address_refused": Reason(
        "The connection's address is private or without https, and was not called.", IN_CONNECTION,
        "Enter the https address of the account, test the connection and replay the delivery.",
    ),
    "dns_failed": Reason(
        "The name in the connection's address could not be found.", IN_CONNECTION,
        "Compare the address with the one that {destination} shows; if it is right, just wait.",
    ),
    "tls_failed": Reason(
        "The server at the connection's address has no valid certificate.", IN_CONNECTION,
        "Compare the address with the one that {destination} shows; if it is right, just wait.",
    ),
    "connection_refused": Reason("{destination} accepted no connection.", BY_ITSELF, WAIT),
    "connection_reset": Reason(
        "The connection to {destination} broke before the answer was complete.", BY_ITSELF, WAIT,
    ),
    "timeout": Reason("{destination} did not answer in time.", BY_ITSELF, WAIT),
    "answer_too_large": Reason(
        "{destination} answered with far more data than expected.", IN_CONNECTION,
        "Check that the connection's address belongs to {destination}, then wait.",
    ),
    "rate_limited": Reason(
        "{destination} asked Meshes to slow down.", BY_ITSELF,
        "Wait; if it happens all day, look for another program that uses the same account.",
    ),
    "account_paused": Reason(
        "All deliveries to this account wait because {destination} asked for a pause.", BY_ITSELF,
        "Wait until the pause is over, which takes five minutes at most.",
    ),
    "overloaded": Reason("{destination} is overloaded or in maintenance.", BY_ITSELF, WAIT),
    "server_error": Reason("{destination} had a problem of its own.", BY_ITSELF, WAIT),
    "unexpected_answer": Reason(
        "{destination} answered in a way that Meshes does not understand.", BY_ITSELF,
        "Wait; if it goes on, show the exchange below to the operator of Meshes.",
    ),
    "endpoint_not_found": Reason(
        "{destination} did not offer this request at the connection's address.", IN_CONNECTION,
        "Compare the address with the one that {destination} shows; if it is right, just wait.",
    ),
    # The account's key and rights.
    "unauthorized": Reason("{destination} refused the API key.", IN_CONNECTION, NEW_KEY),
    "forbidden": Reason(
        "{destination} refused the request without a reason; the key may have been revoked.",
        IN_CONNECTION, "Test the connection, enter a new key if that fails, then replay.",
    ),
    "login_page": Reason(
        "{destination} showed a login page instead of an answer.", IN_CONNECTION, NEW_KEY,
    ),
    "api_key_malformed": Reason(
        "The connection's API key holds characters that no key has.", IN_CONNECTION, NEW_KEY,
    ),
    "secret_unreadable": Reason(
        "The connection's API key cannot be decrypted on this server.", IN_MESHES,
        "Put the missing key back into CREDENTIAL_KEYS, or enter the API key again.",
    ),
    "connection_inactive": Reason(
        "The connection is switched off or its key is refused.", IN_CONNECTION,
        "Enter a working key or switch the connection on; what waits then goes out by itself.",
    ),
    "account_unpaid": Reason(
        "The {destination} account is unpaid.", IN_ACCOUNT,
        "Ask the account's owner to settle the bill; what waits then goes out by itself.",
    ),
    "permission_denied": Reason(
        "The {destination} user of the API key lacks a permission.", IN_ACCOUNT,
        "Extend the rights of that user's group, then replay the delivery.",
    ),
    "contact_limit_reached": Reason(
        "The {destination} account has reached its limit of contacts.", IN_ACCOUNT,
        "Raise the limit or remove contacts there, then replay the delivery.",
    ),
    # What the rule names.
    "tag_not_found": Reason(
        "The tag of the rule no longer exists in {destination}.", IN_RULE,
        "Choose another tag or create it again under the same name; then what waits goes out.",
    ),
    "list_not_found": Reason(
        "The list of the rule no longer exists in {destination}.", IN_RULE,
        "Choose another list or create it again under the same name; then what waits goes out.",
    ),
    "target_renewed": Reason(
        "The tag or list was made anew in {destination}, and other deliveries come first there.",
        BY_ITSELF, "Wait; this delivery goes on under the new id when it is its turn.",
    ),
    "link_not_found": Reason(
        "The contact no longer holds the tag in the way that Meshes remembered.", BY_ITSELF, WAIT,
    ),
    "field_not_found": Reason(
        "A contact field of the mapping no longer exists in {destination}.", IN_MAPPING,
        "Refresh the connection's fields, correct the mapping and replay the delivery.",
    ),
    "mapping_failed": Reason(
        "A required field could not be made from what the event says.", IN_MAPPING,
        "Compare the field named below with the event, correct one of them and replay.",
    ),
    "rule_deleted": Reason(
        "The rule was deleted before the delivery was made.", NOBODY,
        "Create the rule again if it should act on future events.",
    ),
    # The contact.
    "email_missing": Reason(
        "The event carries no email address where the mapping looks for one.", IN_PRODUCT,
        "Send the email address with the event, or correct the mapping, then replay.",
    ),
    "email_invalid": Reason(
        "The email address is not a valid one.", IN_PRODUCT,
        "Correct the person's email address in the product and let it send the event again.",
    ),
    "contact_unsubscribed": Reason(
        "The contact unsubscribed from the list, and the rule respects that.", NOBODY,
        "Do nothing, unless the contact asked for these mails and subscribes again.",
    ),
    "contact_bounced": Reason(
        "Mail to the contact bounced, so the contact is not subscribed again.", IN_PRODUCT,
        "Ask the person for an address that receives mail and correct it in the product.",
    ),
    "contact_duplicate": Reason(
        "Somebody else was creating the same contact at that moment.", BY_ITSELF, WAIT,
    ),
    "contact_not_found": Reason(
        "{destination} did not find the contact that it had just named.", BY_ITSELF, WAIT,
    ),
    "wrong_contact": Reason(
        "{destination} answered with a contact that has another email address.", IN_ACCOUNT,
        "Look the person up there, repair merged or renamed contacts, then replay the delivery.",
    ),
    "enrollment_refused": Reason(
        "{destination} did not take the contact into the automation.", IN_ACCOUNT,
        "Look at the automation's entry conditions there, then replay the delivery.",
    ),
    "request_refused": Reason(
        "{destination} refused this request.", IN_ACCOUNT,
        "Read its answer in the exchange below, repair what it names and replay the delivery.",
    ),
    # The bulk importer.
    "import_rejected": Reason(
        "The bulk import of {destination} left this person out.", BY_ITSELF,
        "Wait for the single call that follows, which says why.",
    ),
    "import_unconfirmed": Reason(
        "The bulk import ended, but {destination} did not show the tag on this contact.",
        BY_ITSELF, "Wait for the single call that follows.",
    ),
    "import_unfinished": Reason(
        "The bulk import of {destination} did not end within 10 minutes.", BY_ITSELF,
        "Wait for the single call that follows; if it happens often, switch bulk imports off.",
    ),
    # Meshes itself.
    "worker_lost": Reason(
        "The worker that made the attempt stopped before it could write down the result.",
        BY_ITSELF, WAIT,
    ),
    "internal_error": Reason(
        "Meshes failed on its own side.", IN_MESHES,
        "Look for this delivery in the log; replay it if it has failed for good.",
    ),
    "canceled_by_person": Reason(
        "A person or a key stopped this delivery.", NOBODY,
        "Replay the delivery if it should be made after all.",
    ),
    "person_erased": Reason(
        "The person was erased before this delivery was made.", NOBODY,
        "Do nothing; what could have been sent is gone, so it cannot be replayed.",
    ),
    "job_paused": Reason(
        "The replay or backfill that this delivery belongs to is paused.", NOBODY,
        "Resume or cancel it on its page; only this delivery can be canceled here.",
    ),
    "superseded": Reason(
        "A later delivery has changed the same tag or list for this person already.", NOBODY,
        "Do nothing, unless this older state is the right one; then replay and insist.",
    ),
})  # fmt: skip
"""Every code that an attempt or a delivery can store, also as what it is held for."""


def explained(code: str, *, destination: str) -> Reason | None:
    """The reason in words that name the destination; None for a code nobody explained."""
    reason = REASONS.get(code)
    if reason is None:
        return None
    parts = (reason.happened, reason.fixed_by, reason.next_step)
    return Reason(*(part.replace("{destination}", destination) for part in parts))


def in_short(code: str) -> str:
    """A reason in a few words: `API key malformed`."""
    words = " ".join(ABBREVIATIONS.get(word, word) for word in code.split("_"))
    return capfirst(words)
