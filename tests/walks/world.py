"""A workspace with history to look at, made through the verbs and the real endpoint."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import Any

import requests

from tests.walks.stage import KEY, SANDBOX, WEB, wait_for

BY = "walks"
PASSWORD = secrets.token_urlsafe(12)
RULES = (
    ("Workspace setup, step 2 done", "page_invite-team", "2", "step-2-complete"),
    ("Workspace setup, step 3 done", "page_connect-crm", "3", "step-3-complete"),
)


@dataclass(frozen=True)
class World:
    """One workspace that looks at the sandbox; `url` is the web server's address."""

    url: str
    workspace: Any
    key: str
    connection: Any
    rules: list[Any]

    def emit(self, email: str, *, page: str = "page_connect-crm", step: int = 3) -> Any:
        """The event that the endpoint stored; without an address when it is empty."""
        from deliveries.models import Event

        payload = {"email": email or None, "user_id": "usr_5012", "page_id": page}
        payload |= {"page_title": "Connect your CRM", "sequence_step": step}
        payload |= {"completed_at": "2026-03-21T15:06:00Z"}
        body = {"event": "page.completed", "resource": "onboarding_sequence"}
        body |= {"resource_id": "workspace-setup", "payload": payload}
        answer = requests.post(
            f"{self.url}/api/v1/events",
            json=body,
            headers={"X-Meshes-Publishable-Key": self.key},
            timeout=10,
        )
        assert answer.status_code == 201, answer.text
        return Event.objects.get(uuid=answer.json()["event"]["id"])

    def delivered(self, event: Any) -> Any:
        """The event's delivery, once it has ended."""
        from deliveries.models import UNFINISHED, Delivery

        ended = Delivery.objects.filter(event=event).exclude(UNFINISHED)
        return wait_for(ended.first, f"Nothing ended for event {event.pk}.")


def make_world(name: str) -> World:
    """A workspace of this name with a connection to the sandbox and two milestone rules."""
    from django.utils import timezone

    from connections.drafts import ConnectionDraft
    from connections.saving import save_connection
    from meshes.models import Organization
    from meshes.workspaces import create_workspace

    organization = Organization.objects.live().earliest("created_at")
    workspace, key = create_workspace(name, organization=organization, by=BY)
    values = {"api_url": os.environ[SANDBOX], "api_key": os.environ[KEY]}
    draft = ConnectionDraft(
        workspace=workspace, kind="activecampaign", name=f"{name} ActiveCampaign", values=values
    )
    connection = save_connection(draft, by=BY, now=timezone.now()).connection
    rules = [make_rule(connection, *line) for line in RULES]
    return World(os.environ[WEB], workspace, key.key, connection, rules)


def make_rule(connection: Any, name: str, page: str, step: str, tag: str) -> Any:
    """A rule that adds the tag when the page was completed."""
    from django.utils import timezone

    from connections.models import CatalogEntry
    from rules.drafts import RuleDraft
    from rules.saving import save_rule

    entries = CatalogEntry.objects.present().filter(account_id=connection.account_id)
    draft = RuleDraft(
        workspace=connection.workspace,
        name=name,
        event="page.completed",
        resource="onboarding_sequence",
        resource_id="workspace-setup",
        page_id=page,
        sequence_step=step,
        connection=connection,
        action="add_tag",
        target_id=entries.get(kind="tag", folded=tag).external_id,
    )
    return save_rule(None, draft=draft, by=BY, now=timezone.now())


def make_person(name: str, **over: Any) -> Any:
    """A person of the staff with the walks' password."""
    from django.contrib.auth.models import User

    given = {"is_staff": True, "is_superuser": True, **over}
    return User.objects.create_user(name, password=PASSWORD, **given)
