"""What the API says of a connection's default mapping, and how its description declares it.

Source: Meshes API wire contract, section 11.
"""

from __future__ import annotations

from typing import Any

from connections.connection_answers import CONNECTION_ID, WORKSPACE_ID
from connections.kinds import KIND
from meshes.api_errors import Fault
from meshes.openapi import answer, described, object_schema, refusal
from meshes.wire import wire_time, without_unset
from rules.mapping import generated_schema
from rules.mapping_schema import MAX_FIELDS, MAX_TRANSFORMS, ON_ERROR, PARAMETERS, PATH
from rules.models import MappingVersion

TAG = "Connections"
ID = {"type": "string", "format": "uuid"}
TIME = {"type": "string", "format": "date-time"}


def _text(longest: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def _literal(longest: int) -> dict[str, Any]:
    others = [{"type": "number"}, {"type": "boolean"}, {"type": "null"}]
    return {"anyOf": [_text(longest), *others]}


LITERAL = object_schema({"type": {"const": "literal"}, "value": _literal(256)})
FROM_PATH = object_schema(
    {"type": {"const": "path"}, "value": {**_text(128), "pattern": f"^{PATH.pattern}$"}}
)
TRANSFORM = object_schema(
    {"type": {"type": "string", "enum": list(PARAMETERS)}},
    optional={
        "value": _literal(128),
        "timezone": _text(64),
        "start": {"type": "integer", "minimum": 0},
        "length": {"type": "integer", "minimum": 1},
    },
)
FIELD = object_schema(
    {"dest": _text(128), "source": {"anyOf": [LITERAL, FROM_PATH]}},
    optional={
        "transforms": {"type": "array", "maxItems": MAX_TRANSFORMS, "items": TRANSFORM},
        "on_error": {"type": "string", "enum": list(ON_ERROR)},
        "notes": _text(1024),
    },
)
SCHEMA = object_schema(
    {
        "schema_version": {"type": "number", "const": 1},
        "fields": {"type": "array", "maxItems": MAX_FIELDS, "items": FIELD},
    },
    optional={"meta": object_schema({}, optional={"name": _text(64), "notes": _text(1024)})},
)
MAPPING = object_schema(
    {
        "status": {"type": "string", "enum": ["stored", "generated"]},
        "mapping": object_schema(
            {
                "id": ID,
                "mapping_id": ID,
                "version": {"type": "integer", "minimum": 1},
                "workspace_id": ID,
                "connection_id": ID,
                "integration_type": KIND,
                "name": {"type": "string"},
                "schema": SCHEMA,
                "created_at": TIME,
                "updated_at": TIME,
            },
            optional={"catalog_version": {"type": "string"}, "created_by": {"type": "string"}},
        ),
    }
)
BODY = object_schema(
    {"schema": SCHEMA},
    optional={
        "name": _text(64),
        "mapping_id": ID,
        "expected_version": {"type": "integer", "minimum": 1},
        "workspace_id": ID,
    },
)


def mapping_record(mapping: MappingVersion) -> dict[str, Any]:
    """The mapping on the wire, stored or proposed.

    Why: a version never changes, so it is as old as its last update.
    """
    connection = mapping.connection
    record = {
        "id": str(mapping.pk),
        "mapping_id": str(mapping.mapping_id),
        "version": mapping.version,
        "workspace_id": str(connection.workspace_id),
        "connection_id": str(connection.pk),
        "integration_type": connection.kind,
        "name": mapping.name,
        "schema": mapping.schema,
        "catalog_version": mapping.catalog_version or None,
        "created_by": mapping.created_by or None,
        "created_at": wire_time(mapping.created_at),
        "updated_at": wire_time(mapping.created_at),
    }
    status = "generated" if mapping.generated else "stored"
    return {"status": status, "mapping": without_unset(record)}


EXAMPLE = {
    "status": "generated",
    "mapping": {
        "id": "0b7c9a52-3d10-5c0e-9a37-51f2f3b7c001",
        "mapping_id": "7f0b3f5e-58d5-5a6c-8b3f-2d4f5a6b7c02",
        "version": 1,
        "workspace_id": WORKSPACE_ID,
        "connection_id": CONNECTION_ID,
        "integration_type": "activecampaign",
        "name": "Default mapping",
        "schema": generated_schema(),
        "catalog_version": "b1946ac92492d234",
        "created_by": "system",
        "created_at": "2026-05-02T10:00:00.000Z",
        "updated_at": "2026-05-02T10:00:00.000Z",
    },
}
STORED = {
    "status": "stored",
    "mapping": {
        **EXAMPLE["mapping"],  # type: ignore[dict-item]
        "id": "5d2e8c11-6f0a-4b7e-9d55-0a1b2c3d4e03",
        "version": 2,
        "created_by": "machine key: Provisioning",
        "created_at": "2026-06-01T09:30:00.000Z",
        "updated_at": "2026-06-01T09:30:00.000Z",
    },
}
UNKNOWN = refusal(404, "There is no such connection.", message="There is no such connection.")
SHOW = described(
    "getDefaultMapping",
    summary="Show a connection's field mapping",
    tag=TAG,
    answers={
        200: answer(
            MAPPING,
            "The stored mapping; `generated` is what is used until one is stored.",
            ("Nothing stored yet", EXAMPLE),
        )
    },
    errors={404: UNKNOWN},
)
STALE = "The mapping is at version 2 now. Load it again, then repeat the change."
UPDATE = described(
    "updateDefaultMapping",
    summary="Store a connection's field mapping",
    tag=TAG,
    request=BODY,
    examples=[("From version 1", {"expected_version": 1, "schema": generated_schema()})],
    answers={
        200: answer(MAPPING, "The new version; deliveries use it from now on.", ("Stored", STORED))
    },
    errors={
        404: UNKNOWN,
        409: refusal(
            409,
            "Another version than the expected one is the newest; nothing was stored.",
            message=STALE,
            data=(Fault("expected_version", STALE),),
        ),
        422: refusal(
            422,
            "The body is no JSON object, or the schema or another field is invalid; nothing was "
            "stored.",
            message="The mapping's schema is invalid.",
            data=(Fault("schema.fields[0].on_error", f"Use one of {', '.join(ON_ERROR)}."),),
        ),
    },
)
