"""How the API's description declares connections.

Source: Meshes API wire contract, sections 10.1 to 10.3.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from connections.drafts import SECRET_MASK
from connections.kinds import KindField
from connections.models import InactiveReason
from meshes.api_errors import Fault
from meshes.openapi import UNKNOWN_WORKSPACE, answer, described, list_of, refusal

TAG = "Connections"
WORKSPACE_ID = "6b1f0d9c-9b1c-4a65-8a53-2f6f3b0c1e77"
CONNECTION_ID = "a2f7c1d0-5e5e-4c3b-9f1e-7d6c5b4a3f21"
EXAMPLE = {
    "id": CONNECTION_ID,
    "workspace": WORKSPACE_ID,
    "type": "activecampaign",
    "name": "AC onboarding",
    "metadata": {"api_url": "https://northwind.api-us1.com", "api_key": SECRET_MASK},
    "active": True,
    "hidden": False,
    "created_by": "machine key: Provisioning",
    "created_at": "2026-05-02T10:00:00.000Z",
    "updated_at": "2026-05-02T10:00:00.000Z",
}
ALONE = {
    **EXAMPLE,
    "action_data": {
        "tags": [{"id": "12", "name": "onboarding-step-2"}],
        "lists": [{"id": "3", "name": "Onboarding"}],
    },
}
SENT = {"api_url": "https://northwind.api-us1.com", "api_key": "your ActiveCampaign API key"}
CHOICE = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
}
ANYWAY = (
    "True saves it although the destination cannot be asked at the moment; wrong credentials "
    "and addresses are refused all the same."
)


@extend_schema_field({"type": "string", "enum": InactiveReason.values})
class InactiveReasonField(serializers.CharField):
    """Why a connection is off."""


@extend_schema_field({"type": "object", "additionalProperties": {"type": "array", "items": CHOICE}})
class ActionDataField(serializers.DictField):
    """Tags and lists by the keys of the actions' data."""


class ConnectionSerializer(serializers.Serializer[Any]):
    """A connection; stored secrets show as a fixed mask."""

    id = serializers.UUIDField()
    workspace = serializers.UUIDField()
    type = KindField()
    name = serializers.CharField()
    metadata = serializers.DictField(child=serializers.CharField(allow_blank=True))
    action_data = ActionDataField(
        required=False, help_text="The tags and lists last read; lists leave it out."
    )
    active = serializers.BooleanField(required=False)
    inactive_reason = InactiveReasonField(required=False)
    hidden = serializers.BooleanField(required=False)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CreatedConnectionSerializer(serializers.Serializer[Any]):
    """The answer to a create."""

    connection = ConnectionSerializer()


class ConnectionUpdateSerializer(serializers.Serializer[Any]):
    """What an update sends."""

    name = serializers.RegexField(r"^[a-zA-Z0-9 _-]{1,128}$")
    metadata = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        help_text="All of it; a secret left out, empty or sent as the mask stays as it is.",
    )
    hidden = serializers.BooleanField(required=False)
    save_unchecked = serializers.BooleanField(required=False, default=False, help_text=ANYWAY)


class ConnectionBodySerializer(ConnectionUpdateSerializer):
    """What a create sends."""

    workspace = serializers.UUIDField()
    type = KindField()


class ForcedSerializer(serializers.Serializer[Any]):
    """Whether active rules may go too."""

    force_delete = serializers.BooleanField(required=False, default=False)


class DeletedConnectionSerializer(serializers.Serializer[Any]):
    """The answer to a delete."""

    id = serializers.UUIDField()
    type = KindField()


INVALID = refusal(
    400,
    "The body is malformed or invalid; nothing was stored.",
    message="One or more fields are invalid.",
    data=(Fault("name", "Use 1 to 128 letters, digits, spaces, underscores or hyphens."),),
)
UNKNOWN = refusal(404, "There is no such connection.", message="There is no such connection.")
TAKEN_WORDS = "Another connection of this workspace has this name; choose another name."
TAKEN = refusal(
    409,
    "The name is taken; or, on an update, the address leads to another account while rules "
    "depend on this one, or somebody else changed the connection meanwhile.",
    message=TAKEN_WORDS,
    data=(Fault("name", TAKEN_WORDS),),
)
UNUSABLE = refusal(
    422,
    "The metadata cannot be used, or the destination refused it; nothing was stored.",
    message="ActiveCampaign does not accept this key. Copy it again.",
)
IN_USE = refusal(
    409,
    "Active rules use the connection and `force_delete` was not sent.",
    message="1 active rule uses the connection AC onboarding; switch off or delete the rules "
    "first. Or send force_delete: true to delete them with it.",
)

PAGE = list_of(ConnectionSerializer, name="ConnectionList")


def _listed(operation_id: str, summary: str, **more: Any) -> dict[str, Any]:
    shown = {"count": 1, "limit": 1, "next_cursor": None, "records": [EXAMPLE]}
    success = answer(PAGE, "All connections, newest first.", ("One connection", shown))
    return described(operation_id, summary=summary, tag=TAG, answers={200: success}, **more)


LIST = _listed("listConnections", "List the connections")
LIST_OF_WORKSPACE = _listed(
    "listWorkspaceConnections",
    "List a workspace's connections",
    errors={404: UNKNOWN_WORKSPACE},
)
CREATE = described(
    "createConnection",
    summary="Connect a workspace to an account",
    tag=TAG,
    request=ConnectionBodySerializer,
    examples=[
        (
            "ActiveCampaign",
            {
                "workspace": WORKSPACE_ID,
                "type": "activecampaign",
                "name": "AC onboarding",
                "metadata": SENT,
            },
        )
    ],
    answers={
        201: answer(
            CreatedConnectionSerializer,
            "The credentials were tried, the connection is stored, its account was read.",
            ("Created", {"connection": ALONE}),
        )
    },
    errors={400: INVALID, 409: TAKEN, 422: UNUSABLE},
)
SHOW = described(
    "getConnection",
    summary="Show a connection",
    tag=TAG,
    answers={200: answer(ConnectionSerializer, "The connection.", ("A connection", ALONE))},
    errors={404: UNKNOWN},
)
UPDATE = described(
    "updateConnection",
    summary="Rename a connection or replace its metadata",
    tag=TAG,
    request=ConnectionUpdateSerializer,
    examples=[
        ("Another name", {"name": "AC onboarding", "metadata": EXAMPLE["metadata"]}),
        ("Another key", {"name": "AC onboarding", "metadata": SENT}),
    ],
    answers={
        200: answer(ConnectionSerializer, "The connection as it is now.", ("A connection", ALONE))
    },
    errors={400: INVALID, 404: UNKNOWN, 409: TAKEN, 422: UNUSABLE},
)
DELETE = described(
    "deleteConnection",
    summary="Delete a connection, with its rules when that is forced",
    tag=TAG,
    request=ForcedSerializer,
    examples=[("With its rules", {"force_delete": True})],
    answers={
        200: answer(
            DeletedConnectionSerializer,
            "The connection is deleted and its secrets are destroyed.",
            ("Deleted", {"id": CONNECTION_ID, "type": "activecampaign"}),
        )
    },
    errors={
        400: refusal(
            400,
            "The body is malformed; nothing was deleted.",
            message="One or more fields are invalid.",
            data=(Fault("force_delete", "must be true or false"),),
        ),
        404: UNKNOWN,
        409: IN_USE,
    },
)
