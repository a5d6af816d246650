"""The addresses of the rules room under /api/v1/."""

from meshes.addresses import endpoint
from rules.catalog_views import EventTypesView, ResourcesView
from rules.connection_view import WholeConnectionView
from rules.mapping_views import DefaultMappingView
from rules.rule_views import RulesView, RuleView, WorkspaceRulesView

urlpatterns = [
    *endpoint("connections/<id:connection_id>", WholeConnectionView),
    *endpoint("connections/<id:connection_id>/mappings/default", DefaultMappingView),
    *endpoint("rules", RulesView),
    *endpoint("rules/<id:rule_id>", RuleView),
    *endpoint("workspaces/<id:workspace_id>/rules", WorkspaceRulesView),
    *endpoint("workspaces/<id:workspace_id>/event-types", EventTypesView),
    *endpoint("workspaces/<id:workspace_id>/resources", ResourcesView),
]
