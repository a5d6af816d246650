"""What went wrong with a destination, as a sentence that says what to do about it.

For people who look after a connection; what a failed delivery means is told elsewhere.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from connections import destinations
from connections.destinations.errors import DestinationError, RateLimited
from connections.models import Connection
from connections.pace import Crowded, Paused

SENTENCES = {
    "address_refused": (
        "{host} is a private or reserved address, or one without https; Meshes calls neither. "
        "Enter the https address of your {name} account."
    ),
    "dns_failed": (
        "No server has the name {host}. Compare the address with the one that {name} shows in "
        "its settings."
    ),
    "tls_failed": (
        "{host} does not identify itself with a valid certificate. Compare the address with "
        "the one that {name} shows in its settings."
    ),
    "connection_refused": (
        "{host} does not accept connections. Check the address, or try again in a few minutes."
    ),
    "connection_reset": (
        "{host} broke the connection off before it had answered. Try again in a few minutes."
    ),
    "timeout": "{host} did not answer in time. Try again in a few minutes.",
    "forbidden": (
        "{name} does not accept this key. Copy the key again; if it is the right one, ask "
        "whoever manages the account whether its user may still use the API."
    ),
    "login_page": (
        "{host} answers with a page for people, which {name} does when the key or the address "
        "is wrong. Copy both again."
    ),
    "unauthorized": "{name} does not accept this key. Copy it again.",
    "endpoint_not_found": (
        "{host} answers, but not like {name}. Compare the address with the one that {name} "
        "shows in its settings."
    ),
    "unexpected_answer": (
        "{host} answers, but not like {name}. Compare the address with the one that {name} "
        "shows in its settings."
    ),
    "server_error": "{name} has a problem of its own. Try again in a few minutes.",
    "overloaded": "{name} is overloaded or in maintenance. Try again in a few minutes.",
    "answer_too_large": (
        "{host} answers with far more data than {name} ever sends. Check the address."
    ),
}


def sentence_for(error: DestinationError | Paused | Crowded, connection: Connection) -> str:
    """One or two sentences: what is wrong and what to do now."""
    destination = destinations.destination(connection.kind)
    host = urlsplit(destination.api_base(connection.metadata)).hostname or "The address"
    if isinstance(error, Paused):
        return (
            f"{destination.name} asked for a pause until {error.until:%H:%M:%S} UTC. "
            "Try again after that."
        )
    if isinstance(error, Crowded):
        return (
            "Meshes itself uses the whole budget of this account at the moment; the next call is "
            f"due in {max(1, round(error.wait_s))} seconds. Try again later, or raise the budget."
        )
    if isinstance(error, RateLimited):
        return (
            f"{destination.name} is busy with other requests of this account. "
            f"Try again in {max(1, round(error.retry_after_s))} seconds."
        )
    sentence = SENTENCES.get(error.reason)
    return sentence.format(host=host, name=destination.name) if sentence else error.message
