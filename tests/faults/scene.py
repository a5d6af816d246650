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
BURST, VANISHING, REBOUND = "burst", "vanishing", "rebound"
LATE = ("late-1", "late-2", "late-3")
BULK, FORGETFUL = ("beta", "gamma"), "alpha"
"""Accounts that bursts are imported into, and the one that loses a tag."""

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
    ("page-vanish", "add_tag", VANISHING),
)
BURST_RULE = ("page-burst", "add_tag", BURST)
PAGES = tuple(dict.fromkeys(page for page, _action, _target in RULES))


@dataclass(frozen=True, slots=True)
class Scene:
    """What the run plays on; `toggled` are the rules that are switched off and on.

    Shape: `vanishing` is the rule whose tag comes and goes.
    """

    workspace_id: Any
    key: str
    accounts: dict[int, str]
    toggled: tuple[Any, ...]
    vanishing: Any


def make_scene(sandboxes: Sequence[Any], *, rate: float) -> Scene:
    """One workspace with a connection to each sandbox and the same rules for each.

    Units: `rate` in requests a second of each account.
    """
    from connections.models import Account
    from meshes.models import Organization
    from meshes.workspaces import create_workspace

    organization = Organization.objects.live().earliest("created_at")
    workspace, key = create_workspace("Faults", organization=organization, by=BY)
    accounts, toggled, vanishing = {}, [], []
    for sandbox in sandboxes:
        for tag in (BURST, VANISHING, REBOUND, *LATE):
            sandbox.act("tags", name=tag)
        connection = _connection(workspace, sandbox)
        Account.objects.filter(pk=connection.account_id).update(requests_per_second=rate)
        accounts[connection.account_id] = sandbox.name
        rules = [add_rule(connection, line) for line in (*RULES, BURST_RULE)]
        toggled += [rule for rule in rules if rule.page_id == TOGGLED]
        vanishing += [rule for rule in rules if rule.target_label == VANISHING]
    lost = next(rule for rule in vanishing if rule.connection.name == FORGETFUL)
    return Scene(workspace.pk, key.key, accounts, tuple(toggled), lost)


def _connection(workspace: Any, sandbox: Any) -> Any:
    from django.utils import timezone

    from connections.drafts import ConnectionDraft
    from connections.saving import save_connection

    values = {"api_url": sandbox.url, "api_key": sandbox.key}
    draft = ConnectionDraft(
        workspace=workspace,
        kind="activecampaign",
        name=sandbox.name,
        values=values,
        bulk_import=sandbox.name in BULK,
    )
    return save_connection(draft, by=BY, now=timezone.now()).connection


def add_rule(connection: Any, line: tuple[str, str, str]) -> Any:
    """A new rule of this page, action and target for the events of this account.

    Raises: one of `rules.errors`, when there is such a rule already.
    """
    from django.utils import timezone

    from connections.models import CatalogEntry
    from rules.drafts import RuleDraft
    from rules.saving import save_rule

    page, action, label = line
    entries = CatalogEntry.objects.present().filter(account_id=connection.account_id, label=label)
    draft = RuleDraft(
        workspace=connection.workspace,
        name=f"{connection.name} {page} {action} {label}",
        event="page.completed",
        resource=connection.name,
        page_id=page,
        connection=connection,
        action=action,
        target_id=entries.get().external_id if label else "",
        resubscribe=label == LIST_A and action == "add_to_list",
    )
    return save_rule(None, draft=draft, by=BY, now=timezone.now())
