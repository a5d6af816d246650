"""The workspace, connections and rules of a run, made by the verbs that people use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ACCOUNTS = ("alpha", "beta", "gamma")
BY = "faults"
TOGGLED = "page-toggled"
TAG_A, TAG_B, TAG_C, TAG_D = (
    "trial-started",
    "step-1-complete",
    "step-2-complete",
    "step-3-complete",
)
LIST_A, LIST_B = "Onboarding", "Newsletter"

# page, action, target; two rules of one page act on the same event.
RULES = (
    ("page-add", "add_tag", TAG_A),
    ("page-remove", "remove_tag", TAG_A),
    ("page-forward", "remove_tag", TAG_A),
    ("page-forward", "add_tag", TAG_B),
    ("page-back", "remove_tag", TAG_B),
    ("page-back", "add_tag", TAG_A),
    ("page-join", "add_to_list", LIST_A),
    ("page-leave", "remove_from_list", LIST_A),
    ("page-profile", "sync_contact", ""),
    ("page-profile", "add_tag", TAG_C),
    ("page-news", "add_to_list", LIST_B),
    ("page-news", "remove_tag", TAG_C),
    ("page-quiet", "remove_from_list", LIST_B),
    (TOGGLED, "add_tag", TAG_D),
    ("page-clear", "remove_tag", TAG_D),
)
PAGES = tuple(dict.fromkeys(page for page, _action, _target in RULES))


@dataclass(frozen=True, slots=True)
class Scene:
    """What the run plays on; `toggled` are the rules that are switched off and on."""

    workspace_id: Any
    key: str
    accounts: dict[int, str]
    toggled: tuple[Any, ...]


def make_scene(sandboxes: Sequence[Any], *, rate: float) -> Scene:
    """One workspace with a connection to each sandbox and the same rules for each.

    Units: `rate` in requests a second of each account.
    """
    from connections.models import Account
    from meshes.models import Organization
    from meshes.workspaces import create_workspace

    organization = Organization.objects.live().earliest("created_at")
    workspace, key = create_workspace("Faults", organization=organization, by=BY)
    accounts, toggled = {}, []
    for sandbox in sandboxes:
        connection = _connection(workspace, sandbox)
        Account.objects.filter(pk=connection.account_id).update(requests_per_second=rate)
        accounts[connection.account_id] = sandbox.name
        rules = [_rule(workspace, connection, sandbox.name, line) for line in RULES]
        toggled += [rule for rule in rules if rule.page_id == TOGGLED]
    return Scene(workspace.pk, key.key, accounts, tuple(toggled))


def _connection(workspace: Any, sandbox: Any) -> Any:
    from django.utils import timezone

    from connections.drafts import ConnectionDraft
    from connections.saving import save_connection

    values = {"api_url": sandbox.url, "api_key": sandbox.key}
    draft = ConnectionDraft(
        workspace=workspace, kind="activecampaign", name=sandbox.name, values=values
    )
    return save_connection(draft, by=BY, now=timezone.now()).connection


def _rule(workspace: Any, connection: Any, resource: str, line: tuple[str, str, str]) -> Any:
    from django.utils import timezone

    from connections.models import CatalogEntry
    from rules.drafts import RuleDraft
    from rules.saving import save_rule

    page, action, label = line
    entries = CatalogEntry.objects.present().filter(account_id=connection.account_id, label=label)
    draft = RuleDraft(
        workspace=workspace,
        name=f"{resource} {page} {action} {label}",
        event="page.completed",
        resource=resource,
        page_id=page,
        connection=connection,
        action=action,
        target_id=entries.get().external_id if label else "",
        resubscribe=label == LIST_A and action == "add_to_list",
    )
    return save_rule(None, draft=draft, by=BY, now=timezone.now())
