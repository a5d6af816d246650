"""What a person or a client wants a connection to be, checked without touching the network.

The destination's declaration says which values exist and which of them are secret.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.core.exceptions import ValidationError

from connections import destinations
from connections.destinations.base import CredentialField, Destination
from connections.models import Connection, connection_name
from connections.refusals import InvalidDraft
from meshes.encryption import Sealed, fingerprint, seal
from meshes.models import Workspace

SECRET_MASK = str(Sealed("•"))
"""What stands for a stored secret on the way out; sent back, it keeps the secret."""

LONGEST_VALUE = 2_000


@dataclass(frozen=True, slots=True)
class ConnectionDraft:
    """A connection as somebody wants it.

    Shape: `values` holds every declared field by its key, secrets in clear; a
    secret that is missing, empty or the mask keeps the stored one.
    `save_unchecked` accepts a destination that cannot be reached now.
    `bulk_import` None keeps what is stored, which is off at first.
    """

    workspace: Workspace
    kind: str
    name: str
    values: Mapping[str, object] = field(repr=False)
    hidden: bool = False
    save_unchecked: bool = False
    bulk_import: bool | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """The draft's values in their stored form.

    Shape: `new_secret` says whether a secret differs from what is stored.
    """

    metadata: dict[str, str]
    secrets: Sealed
    fingerprint: str
    account_key: str
    new_secret: bool


def credentials_of(
    draft: ConnectionDraft, *, connection: Connection | None, stored: Mapping[str, str]
) -> Credentials:
    """The values that the connection would have.

    Shape: `stored` are the present secrets in clear, empty for a new connection.
    Raises: InvalidDraft with one sentence per bad field.
    """
    destination = _destination(draft, connection)
    errors = _bad_name(draft.name) | _unknown(draft, destination) | _no_bulk(draft, destination)
    given = {
        item.key: _text(draft.values.get(item.key), item, errors) for item in destination.fields
    }
    metadata = _metadata(destination, given, errors)
    moved = connection is not None and _moved(destination, connection, metadata)
    secrets = _secrets(destination, given, {} if moved else stored)
    _require(destination, given | secrets, errors, moved=moved)
    if errors:
        raise InvalidDraft(errors)
    same = secrets == dict(stored) and connection is not None
    return Credentials(
        metadata=metadata,
        secrets=connection.secrets if same and connection else seal(json.dumps(secrets)),
        fingerprint=fingerprint("\n".join(secrets[key] for key in sorted(secrets))),
        account_key=destination.account_key(metadata),
        new_secret=not same,
    )


def without_secrets(draft: ConnectionDraft) -> Credentials:
    """The open values of a new connection whose secrets a person enters later.

    Raises: InvalidDraft with one sentence per bad field; a secret among the
    values is one.
    """
    destination = _destination(draft, None)
    errors = _bad_name(draft.name) | _unknown(draft, destination) | _no_bulk(draft, destination)
    for item in destination.fields:
        if item.secret and draft.values.get(item.key):
            errors[item.key] = f"Leave the {item.label} out; a person enters it in the admin."
    plain = {
        item.key: _text(draft.values.get(item.key), item, errors) for item in destination.fields
    }
    metadata = _metadata(destination, plain, errors)
    _require(destination, _later(destination, plain), errors, moved=False)
    if errors:
        raise InvalidDraft(errors)
    key = destination.account_key(metadata)
    return Credentials(metadata, Sealed(""), "", account_key=key, new_secret=False)


def _later(destination: Destination, plain: Mapping[str, str]) -> dict[str, str]:
    """The values as if every secret were there."""
    return {item.key: "•" if item.secret else plain[item.key] for item in destination.fields}


def _destination(draft: ConnectionDraft, connection: Connection | None) -> Destination:
    if connection is not None and connection.kind != draft.kind:
        raise InvalidDraft({"kind": "The destination of a connection cannot be changed."})
    try:
        return destinations.destination(draft.kind)
    except LookupError:
        raise InvalidDraft({"kind": "This destination does not exist; choose another."}) from None


def _bad_name(name: str) -> dict[str, str]:
    try:
        connection_name(name.strip(" "))
    except ValidationError as error:
        return {"name": error.messages[0]}
    return {}


def _unknown(draft: ConnectionDraft, destination: Destination) -> dict[str, str]:
    known = {item.key for item in destination.fields}
    return {
        str(key)[:64]: f"{destination.name} has no field of this name; leave it out."
        for key in draft.values
        if key not in known
    }


def _no_bulk(draft: ConnectionDraft, destination: Destination) -> dict[str, str]:
    if draft.bulk_import and destination.bulk is None:
        return {"bulk_import": f"{destination.name} has no bulk importer; leave this off."}
    return {}


def _text(value: object, item: CredentialField, errors: dict[str, str]) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        errors[item.key] = f"{item.label} must be a text of at most {LONGEST_VALUE} characters."
        return ""
    text = value.strip()
    if item.secret and text == SECRET_MASK:
        return ""
    if item.secret and not (text.isascii() and text.isprintable()):
        errors[item.key] = f"{item.label} contains characters that cannot be sent; copy it again."
    return text


def _metadata(
    destination: Destination, given: Mapping[str, str], errors: dict[str, str]
) -> dict[str, str]:
    plain = [item for item in destination.fields if not item.secret]
    if errors or not all(given[item.key] for item in plain if item.required):
        return {}
    try:
        return destination.normalize(
            {item.key: given[item.key] for item in plain},
            allow_private=bool(settings.DESTINATIONS_ALLOW_PRIVATE),
        )
    except ValueError as error:
        errors[plain[0].key] = str(error)
        return {}


def _moved(destination: Destination, connection: Connection, metadata: Mapping[str, str]) -> bool:
    # A stored secret goes to no address but the one that it was entered for.
    return bool(metadata) and destination.api_base(metadata) != destination.api_base(
        connection.metadata
    )


def _secrets(
    destination: Destination, given: Mapping[str, str], stored: Mapping[str, str]
) -> dict[str, str]:
    secret = {item.key: given[item.key] for item in destination.fields if item.secret}
    return {key: value or stored.get(key, "") for key, value in secret.items()}


def _require(
    destination: Destination, values: Mapping[str, str], errors: dict[str, str], *, moved: bool
) -> None:
    for item in destination.fields:
        if not item.required or values.get(item.key) or item.key in errors:
            continue
        if item.secret and moved:
            errors[item.key] = (
                f"Enter the {item.label} again: the address changed, and the stored one is "
                "only ever sent to the address that it was entered for."
            )
        else:
            errors[item.key] = f"Enter the {item.label}."
