"""What the API's description says on every page: the credential and the error body."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from meshes.api_errors import KNOWN, MESSAGES, Fault, error_body
from meshes.authentication import HEADER

JSON = "application/json"


class PublishableKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The publishable key in its header.

    Source: Meshes API wire contract, section 2.
    """

    target_class = "meshes.authentication.PublishableKeyAuthentication"
    name = "publishableKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The security scheme in OpenAPI's words."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": HEADER,
            "description": "A workspace's public key; it may post events and nothing else.",
        }


class FaultSerializer(serializers.Serializer[Any]):
    """What is wrong with one parameter."""

    param = serializers.CharField()
    msg = serializers.CharField()


class ErrorDetailSerializer(serializers.Serializer[Any]):
    """What went wrong, for programs and for people."""

    name = serializers.CharField()
    message = serializers.CharField()
    data = FaultSerializer(many=True, required=False)  # type: ignore[assignment]


class ErrorSerializer(serializers.Serializer[Any]):
    """The body of every error."""

    message = serializers.CharField()
    error = ErrorDetailSerializer()


def refusal(
    status: int, description: str, *, message: str = "", data: tuple[Fault, ...] = ()
) -> OpenApiResponse:
    """An error answer with a true example of its body."""
    family = KNOWN[status]
    body = error_body(
        name=family.name,
        phrase=family.phrase,
        message=message or MESSAGES.get(status, description),
        data=data,
    )
    example = OpenApiExample(family.name, value=body, status_codes=[str(status)], media_type=JSON)
    return OpenApiResponse(ErrorSerializer, description=description, examples=[example])
