"""The addresses of the connections room under /api/v1/; one connection is in the rules' room."""

from connections.account_views import ActionsView, FieldsView
from connections.connection_views import ConnectionsView, WorkspaceConnectionsView
from connections.integration_views import IntegrationsView
from meshes.addresses import endpoint

urlpatterns = [
    *endpoint("integrations", IntegrationsView),
    *endpoint("connections", ConnectionsView),
    *endpoint("connections/<id:connection_id>/actions", ActionsView),
    *endpoint("connections/<id:connection_id>/fields", FieldsView),
    *endpoint("workspaces/<id:workspace_id>/connections", WorkspaceConnectionsView),
]
