"""The addresses of workspaces under /api/v1/; every other room has its own `urls.py`."""

from meshes.addresses import endpoint
from meshes.workspace_views import WorkspacesView, WorkspaceView

urlpatterns = [
    *endpoint("workspaces", WorkspacesView),
    *endpoint("workspaces/<id:workspace_id>", WorkspaceView),
]
