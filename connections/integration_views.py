"""The address that lists the integrations."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from connections import integration_answers as says
from connections.integrations import integrations
from meshes.api_views import ApiView
from meshes.pagination import whole


class IntegrationsView(ApiView):
    """Which destinations there are."""

    @extend_schema(**says.LIST)
    def get(self, request: Request) -> HttpResponse:
        """All of them."""
        return self.answer(whole(integrations()))
