"""Mappings as clients send them, read into drafts, and refusals as the API says them.

Every fault of the body is a 422, malformed JSON too, since the contract declares no 400 there.
Source: Meshes API wire contract, section 11.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from meshes.api_errors import BadRequest, Conflict, Fault, UnprocessableEntity
from meshes.body_fields import INVALID, BodyFields
from rules.errors import MappingInvalid, MappingStale
from rules.mapping_versions import MappingDraft
from rules.models import MappingVersion

NAME = (r"(?s).{1,64}", "must be 1 to 64 characters")


def sent_mapping(body: dict[str, Any], *, current: MappingVersion) -> MappingDraft:
    """What was sent, for the connection whose mapping is now `current`.

    Raises: UnprocessableEntity with every fault but those of the schema.
    """
    fields = BodyFields(body)
    if not fields.has("schema"):
        fields.fault("schema", "is required")
    name = fields.text("name", pattern=NAME)
    expected_version = fields.whole_number("expected_version", smallest=1)
    mapping_id = fields.uuid("mapping_id")
    if mapping_id not in (None, current.mapping_id):
        fields.fault("mapping_id", "is not the id of this connection's mapping")
    workspace_id = fields.uuid("workspace_id")
    if workspace_id not in (None, current.connection.workspace_id):
        fields.fault("workspace_id", "is not the workspace of this connection")
    if fields.faults:
        raise UnprocessableEntity(INVALID, data=fields.faults)
    return MappingDraft(body["schema"], name=name, expected_version=expected_version)


@contextmanager
def refusals_told() -> Iterator[None]:
    """A block in which a mapping that cannot be read or saved becomes an answer.

    Raises: Conflict, UnprocessableEntity.
    """
    try:
        yield
    except BadRequest as refusal:
        raise UnprocessableEntity(refusal.message, data=refusal.data) from None
    except MappingStale as refusal:
        fault = Fault("expected_version", refusal.message)
        raise Conflict(refusal.message, data=[fault]) from None
    except MappingInvalid as refusal:
        data = [Fault(f"schema.{path}".rstrip("."), text) for path, text in refusal.faults]
        raise UnprocessableEntity("The mapping's schema is invalid.", data=data) from None
