"""How the API's description declares a destination's word."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from connections.destinations import DESTINATIONS

KIND = {
    "type": "string",
    "oneOf": [{"const": each.kind, "title": each.name} for each in DESTINATIONS],
}


@extend_schema_field(KIND)
class KindField(serializers.CharField):
    """One of the registered destinations."""
