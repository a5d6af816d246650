"""The addresses of the rules room under /api/v1/."""

from meshes.addresses import endpoint
from rules.catalog_views import EventTypesView, ResourcesView

urlpatterns = [
    *endpoint("workspaces/<id:workspace_id>/event-types", EventTypesView),
    *endpoint("workspaces/<id:workspace_id>/resources", ResourcesView),
]
