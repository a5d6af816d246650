"""An organization with one row of everything that the API shows, and the rows' ids."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.utils import timezone

from meshes.keys import create_key
from meshes.models import Organization
from rules.models import EventType, ResourceType
from tests.builders import (
    make_account,
    make_attempt,
    make_catalog,
    make_connection,
    make_delivery,
    make_event,
    make_rule,
    make_workspace,
)

REFUSED = {"status": 422, "response_headers": {}, "response_body": "", "started_at": 1.0}


@dataclass(frozen=True)
class Ids:
    """The ids as the API spells them."""

    organization_id: str
    workspace_id: str
    connection_id: str
    rule_id: str
    event_id: str
    delivery_id: str
    attempt_id: str

    def fill(self, value: Any) -> Any:
        """The value with `{workspace_id}` and the others filled in, however deep."""
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, str):
            for name, text in asdict(self).items():
                value = value.replace(f"{{{name}}}", text)
        return value


def make_world(organization: Organization) -> Ids:
    """One row of each kind: a failed delivery of an event for a rule that is on."""
    workspace = make_workspace(organization=organization)
    create_key(workspace, name="Default", by="tests")
    for table in (EventType, ResourceType):
        table.objects.create(workspace=workspace, key="page.completed", label="Page completed")
    read = {"catalog_refreshed_at": timezone.now(), "catalog_version": "b1946ac92492d234"}
    account = make_account(key=f"{workspace.pk.hex[:8]}.api-us1.com", **read)
    make_catalog(account)
    connection = make_connection(workspace=workspace, account=account)
    rule = make_rule(connection=connection)
    event = make_event(workspace=workspace)
    delivery = make_delivery(event, rule, status="failed")
    attempt = make_attempt(delivery, outcome="rejected_client_error", exchanges=[REFUSED])
    return Ids(
        organization_id=str(organization.pk),
        workspace_id=str(workspace.pk),
        connection_id=str(connection.pk),
        rule_id=str(rule.pk),
        event_id=str(event.uuid),
        delivery_id=str(delivery.uuid),
        attempt_id=str(attempt.uuid),
    )
