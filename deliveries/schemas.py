"""The declared shape of what the event endpoints take and answer.

Requests are checked by `deliveries.reading`; a property test proves that both agree.
Source: Meshes API wire contract, section 6.
"""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from deliveries.reading import (
    EVENT_LENGTH,
    MOST_EVENTS,
    RECOGNIZED,
    RESOURCE_LENGTH,
    WORKSPACE,
    is_blank,
    is_email,
    is_empty,
)
from meshes.openapi import ErrorSerializer
from rules.facts import DEFAULT_RESOURCE


class StrictText(serializers.CharField):
    """A string as it was sent: no number is taken for one, nothing is trimmed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        """The same string."""
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class VisibleText(StrictText):
    """A string that shows something."""

    def to_internal_value(self, data: Any) -> str:
        """The same string."""
        if is_blank(super().to_internal_value(data)):
            self.fail("blank")
        return str(data)


class EmailText(StrictText):
    """An email address, or null."""

    def to_internal_value(self, data: Any) -> str:
        """The same string."""
        if not is_email(super().to_internal_value(data)):
            self.fail("invalid")
        return str(data)


class StrictId(serializers.UUIDField):
    """A UUID in its usual spelling."""

    def to_internal_value(self, data: Any) -> Any:
        """The UUID."""
        if not isinstance(data, str) or not WORKSPACE.fullmatch(data):
            self.fail("invalid", value="")
        return super().to_internal_value(data)


def _optional(field: type[StrictText] = StrictText) -> StrictText:
    return field(required=False, allow_null=True, allow_blank=field is StrictText)


@extend_schema_field(
    {
        "type": "object",
        "description": "What happened, and to whom. At least one value must not be empty.",
        "minProperties": 1,
        "properties": {
            "email": {"type": ["string", "null"], "format": "email"},
            **{name: {"type": ["string", "null"]} for name in RECOGNIZED},
        },
        "additionalProperties": True,
    }
)
class PayloadSerializer(serializers.Serializer[Any]):
    """Any JSON under any key; only these are checked."""

    id = _optional()
    email = _optional(EmailText)
    ip_address = _optional()
    name = _optional()
    first_name = _optional()
    last_name = _optional()
    phone = _optional()
    resource_url = _optional()

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The same object, when a value in it says something."""
        super().to_internal_value(data)
        if all(map(is_empty, data.values())):
            raise serializers.ValidationError("must hold at least one value that is not empty")
        return dict(data)


class EventSerializer(serializers.Serializer[Any]):
    """One event to accept."""

    event = VisibleText(max_length=EVENT_LENGTH)
    payload = PayloadSerializer()
    resource = VisibleText(max_length=RESOURCE_LENGTH, required=False, default=DEFAULT_RESOURCE)
    resource_id = StrictText(
        required=False, validators=[RegexValidator(r"^[A-Za-z0-9._:-]{1,64}\Z")]
    )
    type = serializers.ChoiceField(["event"], required=False, default="event")
    workspace = StrictId(
        required=False,
        help_text="Required with a machine key; with a publishable key only its own workspace.",
    )


class AcceptedEventSerializer(serializers.Serializer[Any]):
    """An event that is stored."""

    id = serializers.UUIDField()
    type = serializers.ChoiceField(["event"])
    event = serializers.CharField()
    workspace = serializers.UUIDField()
    resource = serializers.CharField()
    resource_id = serializers.CharField(required=False)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()


class AcceptedSerializer(serializers.Serializer[Any]):
    """The answer to one event."""

    event = AcceptedEventSerializer()


class BulkAnswerSerializer(serializers.Serializer[Any]):
    """The answer to an array of events, in its order."""

    count = serializers.IntegerField(min_value=1, max_value=MOST_EVENTS)
    error_count = serializers.IntegerField(required=False, min_value=1)
    records = PolymorphicProxySerializer(
        component_name="BulkRecord",
        serializers=[AcceptedEventSerializer, ErrorSerializer],
        resource_type_field_name=None,
        many=True,
    )
