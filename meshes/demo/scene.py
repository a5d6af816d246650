"""What the demonstration needs in the database: made by the same verbs that people use."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.utils import timezone

from connections.catalog import CatalogUnreadable, refresh_catalog
from connections.destinations.activecampaign.sandbox import SandboxServer
from connections.drafts import ConnectionDraft
from connections.models import CatalogEntry, Connection
from connections.saving import save_connection
from deliveries.descriptions import SENT
from meshes.models import Organization, PublishableKey, Workspace
from meshes.workspaces import create_workspace
from rules.drafts import RuleDraft
from rules.models import Rule
from rules.saving import save_rule

BY = "demo"
TAG = "step-3-complete"
EVENT = SENT
EMAIL = "alex@northstar.io"


READINGS = 4


class NoScene(Exception):
    """The demonstration could not be set up, with the sentence that says why."""


@dataclass(frozen=True)
class Scene:
    """The rows that the story plays on."""

    workspace: Workspace
    key: PublishableKey
    connection: Connection
    rule: Rule
    password: str
    found: str


def make_scene(sandbox: SandboxServer) -> Scene:
    """Workspace, key, connection, rule and admin user, checked against the sandbox.

    Raises: NoScene, and the saving verbs' errors, when the sandbox refuses.
    """
    organization = Organization.objects.live().earliest("created_at")
    workspace, key = create_workspace("Northstar", organization=organization, by=BY)
    draft = ConnectionDraft(
        workspace=workspace,
        kind="activecampaign",
        name="Acme ActiveCampaign",
        values={"api_url": sandbox.url, "api_key": sandbox.key},
    )
    saved = save_connection(draft, by=BY, now=timezone.now())
    rule = save_rule(None, draft=_rule(workspace, saved.connection), by=BY, now=timezone.now())
    return Scene(workspace, key, saved.connection, rule, _admin(), saved.check.message)


def _rule(workspace: Workspace, connection: Connection) -> RuleDraft:
    return RuleDraft(
        workspace=workspace,
        name="Workspace setup, step 3 done",
        event="page.completed",
        resource="onboarding_sequence",
        resource_id="workspace-setup",
        page_id="page_connect-crm",
        sequence_step="3",
        connection=connection,
        action="add_tag",
        target_id=_tag(connection).external_id,
    )


def _tag(connection: Connection) -> CatalogEntry:
    """The sandbox's tag, read anew when the first reading was cut off on a busy machine."""
    tags = CatalogEntry.objects.present().filter(kind="tag", folded=TAG)
    why = "the account was read without it"
    for _ in range(READINGS):
        tag = tags.filter(account_id=connection.account_id).first()
        if tag is not None:
            return tag
        try:
            refresh_catalog(connection, now=timezone.now())
        except CatalogUnreadable as error:
            why = str(error)
    raise NoScene(f"The sandbox did not tell its tags: {why} Run the demonstration again.")


def _admin() -> str:
    password = secrets.token_urlsafe(9)
    get_user_model().objects.create_superuser("admin", password=password)
    return password
