"""What the API's description says on every page: credentials, errors, lists, and examples.

An endpoint describes itself with `described`; see `meshes/workspace_views.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    inline_serializer,
)
from rest_framework import serializers

from meshes.api_errors import KNOWN, MESSAGES, Fault, error_body
from meshes.authentication import HEADER
from meshes.bodies import KIB, NOT_JSON
from meshes.machine_tokens import AUDIENCE, EXPIRED, ISSUER
from meshes.pagination import DEFAULT_LIMIT, LARGEST_LIMIT

JSON = "application/json"
RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    OpenApiTypes.INT,
    OpenApiParameter.HEADER,
    response=[429, 503],
    description="Seconds to wait.",
)
PAGING = (
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT},
        description="How many records one answer holds at most.",
    ),
    OpenApiParameter(
        "cursor",
        {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
        description="The `next_cursor` of the answer before; leave it out for the newest records.",
    ),
)


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


class SenderKeyScheme(PublishableKeyScheme):  # type: ignore[no-untyped-call]
    """The same for addresses where a token may stand in its place."""

    target_class = "meshes.bearer.SenderAuthentication"


class MachineKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A token that a machine key signed.

    Source: Meshes API wire contract, section 2.2.
    """

    target_class = "meshes.bearer.MachineAuthentication"
    name = "bearerAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The security scheme in OpenAPI's words."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A JSON Web Token, HS256, signed with the secret of a machine key. "
            f"Header: `kid` is the access key. Claims: `iss` is `{ISSUER}` and the access key, "
            f"`aud` is `{AUDIENCE}`, `org` the organization's id, `iat` and `exp` at most "
            "60 seconds apart.",
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


UNAUTHORIZED = "The token is missing, expired or not signed by a usable machine key."
BROKEN = "Something failed on our side; nothing was changed."
BROKEN_MESSAGE = (
    "Something failed on our side; the log knows it as request 3f1c8f4e0b0d4a53a8cbb6d9c5a51f7e."
)


def common_refusals() -> dict[int, OpenApiResponse]:
    """The errors that every endpoint for machine keys may answer."""
    return {
        401: refusal(401, UNAUTHORIZED, message=EXPIRED),
        403: refusal(
            403,
            "The machine key may not do that, or not for this organization.",
            message="This machine key may not act for the organization in the claim org.",
        ),
        429: refusal(
            429, "The key asks too often.", message="This key asks too often; try again in 2 s."
        ),
        500: refusal(500, BROKEN, message=BROKEN_MESSAGE),
        503: refusal(503, "The database is not available now."),
    }


def body_refusals(*, limit: int) -> dict[int, OpenApiResponse]:
    """The errors of a body that is not even parsed.

    Units: `limit` in bytes.
    """
    too_large = f"The body is larger than {limit // KIB} KiB."
    return {
        413: refusal(413, "The body is too large.", message=too_large),
        415: refusal(415, "The body is not JSON by its Content-Type.", message=NOT_JSON),
    }


def answer(schema: Any, description: str, *examples: tuple[str, Any]) -> OpenApiResponse:
    """A success with named, true examples of its body."""
    shown = [OpenApiExample(name, value=value, media_type=JSON) for name, value in examples]
    return OpenApiResponse(schema, description=description, examples=shown)


def described(  # noqa: PLR0913  one call says all about an endpoint
    operation_id: str,
    *,
    summary: str,
    tag: str,
    answers: Mapping[int, OpenApiResponse],
    errors: Mapping[int, OpenApiResponse] | None = None,
    request: Any = None,
    examples: Sequence[tuple[str, Any]] = (),
    parameters: Sequence[OpenApiParameter] = (),
) -> dict[str, Any]:
    """What `extend_schema` needs for an endpoint that machine keys call.

    Shape: `errors` come beside `common_refusals`; `examples` are of the body.
    """
    body = None if request is None else {JSON: request}
    of_body = {} if request is None else body_refusals(limit=settings.MAX_API_BYTES)
    shown = [OpenApiExample(name, value=value, request_only=True) for name, value in examples]
    return {
        "operation_id": operation_id,
        "summary": summary,
        "tags": [tag],
        "parameters": [*parameters, RETRY_AFTER],
        "request": body,
        "examples": shown,
        "responses": dict(
            sorted({**common_refusals(), **of_body, **(errors or {}), **answers}.items())
        ),
    }


def list_of(record: type[serializers.BaseSerializer[Any]], *, name: str) -> Any:
    """The schema of the contract's envelope around these records."""
    return inline_serializer(
        name,
        {
            "count": serializers.IntegerField(min_value=0),
            "limit": serializers.IntegerField(min_value=1),
            "next_cursor": serializers.CharField(allow_null=True),
            "records": record(many=True),
        },
    )


def object_schema(
    required: Mapping[str, Any], *, optional: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The schema of an object, for shapes that no serializer can say."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }


def envelope_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's envelope around records with this schema."""
    return object_schema(
        {
            "count": {"type": "integer", "minimum": 0},
            "limit": {"type": "integer", "minimum": 1},
            "next_cursor": {"type": ["string", "null"]},
            "records": {"type": "array", "items": record},
        }
    )


UNKNOWN_WORKSPACE = refusal(
    404, "There is no such workspace.", message="There is no such workspace."
)
