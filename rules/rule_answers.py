"""What the API says of a rule, and how its description declares it.

Source: Meshes API wire contract, section 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema_field
from rest_framework import serializers

from connections.kinds import KindField
from meshes.api_errors import Fault
from meshes.list_filters import BAD_PARAMETERS, MESSAGE
from meshes.openapi import UNKNOWN_WORKSPACE, answer, described, list_of, object_schema, refusal
from meshes.wire import wire_time, without_unset
from rules.drafts import RESOURCE_ID
from rules.models import Rule
from rules.rule_metadata import SWITCHES, TEXTS, metadata_record

TAG = "Rules"
TEXT = {"type": "string"}
SENT_METADATA = {
    "action": "add_tag",
    "id": "12",
    "name": "onboarding-step-2",
    "conditions": '{"page_id":"page_connect-crm","sequence_step":"3"}',
}
SENT = {
    "workspace": "6b1f0d9c-9b1c-4a65-8a53-2f6f3b0c1e77",
    "connection": "a2f7c1d0-5e5e-4c3b-9f1e-7d6c5b4a3f21",
    "event": "page.completed",
    "resource": "page",
    "metadata": SENT_METADATA,
}
EXAMPLE = {
    "id": "c9d8e7f6-0a1b-4c2d-8e3f-123456789abc",
    "type": "activecampaign",
    **SENT,
    "active": True,
    "hidden": False,
    "created_by": "machine key: Provisioning",
    "created_at": "2026-05-02T10:00:00.000Z",
    "updated_at": "2026-05-02T10:00:00.000Z",
}
FILTERS = [
    OpenApiParameter(name, OpenApiTypes.STR, description=f"Only rules with this {name}, exactly.")
    for name in ("event", "resource", "resource_id")
]
METADATA = object_schema(
    {"action": {"type": "string", "minLength": 1}},
    optional={
        "id": {**TEXT, "description": "The tag's or list's id in the account."},
        "conditions": {
            **TEXT,
            "description": "An addition of this product: the text of a JSON object with "
            "`page_id`, `sequence_step` or both, which an event's payload must hold.",
        },
        **{
            name: {**TEXT, "enum": ["true", "false"], "description": words}
            for name, words in zip(
                SWITCHES,
                (
                    "An addition: subscribe people again who left the list.",
                    "An addition: take the tag away before it is given, so that its automation "
                    "starts again.",
                ),
                strict=True,
            )
        },
        **dict.fromkeys(TEXTS, TEXT),
    },
) | {"additionalProperties": True}


def rule_record(rule: Rule) -> dict[str, Any]:
    """The rule on the wire; its connection is read along."""
    return without_unset(
        {
            "id": str(rule.pk),
            "workspace": str(rule.workspace_id),
            "connection": str(rule.connection_id),
            "type": rule.connection.kind,
            "event": rule.event,
            "resource": rule.resource or None,
            "resource_id": rule.resource_id or None,
            "metadata": metadata_record(rule),
            "active": rule.active,
            "hidden": rule.hidden,
            "created_by": rule.created_by,
            "created_at": wire_time(rule.created_at),
            "updated_at": wire_time(rule.updated_at),
        }
    )


def deleted_record(rule: Rule) -> dict[str, Any]:
    """What a delete answers."""
    record = rule_record(rule)
    names = ("id", "connection", "type", "event", "resource", "resource_id")
    return {name: record[name] for name in names if name in record}


@extend_schema_field(METADATA)
class MetadataField(serializers.DictField):
    """What the rule does, in texts."""


class DeletedRuleSerializer(serializers.Serializer[Any]):
    """The answer to a delete."""

    id = serializers.UUIDField()
    connection = serializers.UUIDField()
    type = KindField()
    event = serializers.CharField()
    resource = serializers.CharField(required=False)
    resource_id = serializers.CharField(required=False)


class RuleSerializer(DeletedRuleSerializer):
    """A rule."""

    workspace = serializers.UUIDField()
    metadata = MetadataField()
    active = serializers.BooleanField(required=False)
    hidden = serializers.BooleanField(required=False)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CreatedRuleSerializer(serializers.Serializer[Any]):
    """The answer to a create."""

    rule = RuleSerializer()


class RuleBodySerializer(serializers.Serializer[Any]):
    """What a create sends."""

    workspace = serializers.UUIDField()
    connection = serializers.UUIDField()
    event = serializers.CharField(max_length=200)
    resource = serializers.CharField(required=False, max_length=200)
    resource_id = serializers.RegexField(f"^{RESOURCE_ID.pattern}$", required=False)
    metadata = MetadataField()
    active = serializers.BooleanField(required=False, default=True)
    hidden = serializers.BooleanField(required=False, default=False)


UNKNOWN = refusal(404, "There is no such rule.", message="There is no such rule.")

BAD_FILTER = refusal(
    400, "A filter is of no use.", message=BAD_PARAMETERS, data=(Fault("resource", MESSAGE),)
)

PAGE = list_of(RuleSerializer, name="RuleList")


def _listed(
    operation_id: str, summary: str, *, errors: Mapping[int, OpenApiResponse] = MappingProxyType({})
) -> dict[str, Any]:
    shown = {"count": 1, "limit": 1, "next_cursor": None, "records": [EXAMPLE]}
    success = answer(PAGE, "The rules, newest first.", ("One rule", shown))
    return described(
        operation_id,
        summary=summary,
        tag=TAG,
        parameters=FILTERS,
        answers={200: success},
        errors={400: BAD_FILTER, **errors},
    )


LIST = _listed("listRules", "List the rules")
LIST_OF_WORKSPACE = _listed(
    "listWorkspaceRules",
    "List a workspace's rules",
    errors={404: UNKNOWN_WORKSPACE},
)
CREATE = described(
    "createRule",
    summary="Create a rule",
    tag=TAG,
    request=RuleBodySerializer,
    examples=[("A tag for a page of a sequence", SENT)],
    answers={
        201: answer(
            CreatedRuleSerializer, "The next event meets the rule.", ("Created", {"rule": EXAMPLE})
        )
    },
    errors={
        400: refusal(
            400,
            "The body is invalid, or the action, its tag or its list does not exist.",
            message="One or more fields are invalid.",
            data=(Fault("metadata.action", "Choose an action that the connection offers."),),
        ),
        404: refusal(
            404,
            "There is no such workspace, or no such connection in it.",
            message="There is no such connection.",
        ),
        409: refusal(
            409,
            "An active rule does the same on the same conditions.",
            message="The active rule “Add Tag onboarding-step-2 on page.completed” does the same "
            "already. Change one of the two.",
        ),
    },
)
SHOW = described(
    "getRule",
    summary="Show a rule",
    tag=TAG,
    answers={200: answer(RuleSerializer, "The rule.", ("A rule", EXAMPLE))},
    errors={404: UNKNOWN},
)
DELETE = described(
    "deleteRule",
    summary="Delete a rule",
    tag=TAG,
    answers={
        200: answer(
            DeletedRuleSerializer,
            "No event meets the rule any more, what waits for it is canceled, its history stays.",
            (
                "Deleted",
                {name: EXAMPLE[name] for name in ("id", "connection", "type", "event", "resource")},
            ),
        )
    },
    errors={404: UNKNOWN},
)
