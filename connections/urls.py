"""The addresses of the connections room under /api/v1/."""

from connections.integration_views import IntegrationsView
from meshes.addresses import endpoint

urlpatterns = [
    *endpoint("integrations", IntegrationsView),
]
