"""The four steps of the guide for one workspace: what each is for, what is done, what to do.

Links lead to the usual forms, which lead back; who lacks the right sees who has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from connections.catalog import visible_catalog
from connections.models import Connection
from connections.states import is_refused, state_of
from deliveries import admin_displays as displays
from deliveries import wording
from deliveries.admin_facts import Fact
from deliveries.guide_progress import STEPS, address_of
from deliveries.guide_rows import Rows
from deliveries.models import Trial
from deliveries.permissions import MAY_SEND_TEST
from deliveries.trial_pages import delivery_of
from deliveries.trial_stages import course
from meshes.admin_returning import with_back
from meshes.visibility import people_who_may
from rules.models import Rule
from rules.wording import action_words

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "key": "Workspace and key",
        "connection": "ActiveCampaign connection",
        "rule": "Milestone rule",
        "test": "First test event",
    }
)
PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        "key": "A workspace keeps one product's rules and history apart; the product posts its "
        "events with the workspace's key.",
        "connection": "The connection lets Meshes change contacts in your ActiveCampaign account.",
        "rule": "A rule says which completed page gives which tag or list, so that your "
        "automation starts.",
        "test": "A test event goes the whole way for your rule and reads the contact back, "
        "before your product sends anything.",
    }
)
EXAMPLE: Mapping[str, str] = MappingProxyType(
    {
        "name": "Connect your CRM, step 3 done",
        "event": "page.completed",
        "resource": "onboarding_sequence",
        "resource_id": "workspace-setup",
        "page_id": "page_connect-crm",
        "sequence_step": "3",
    }
)
AT_HAND = "Have the API URL and the API key from ActiveCampaign at hand: Settings, then Developer."
NO_TAG = (
    "The account has no tag and no list yet. Create a tag in ActiveCampaign, such as "
    "step-3-complete; in the rule's form, press Refresh tags and lists, and choose it."
)
OFF = "It is off, so no event matches it; switch it on and save."
HELD = "It is on hold, since its tag or list is gone; choose another one and save."
REAL = "Real events have been delivered here, so no test is needed."
NEEDS_KEY = "needs a working key"
TO_FIX = "Open it to see each stage, and what to fix."


@dataclass(frozen=True, slots=True)
class Action:
    """A link, or a button that posts; the first of a step is the one to press."""

    label: str
    url: str
    busy: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `lacks` says who may do it, `waits` which step comes first.

    Shape: `trouble` is what was done once and holds no more, in a few words.
    """

    name: str
    done: bool
    facts: tuple[Fact, ...] = ()
    key: str = ""
    advice: str = ""
    test: Action | None = None
    actions: tuple[Action, ...] = ()
    lacks: str = ""
    waits: str = ""
    trouble: str = ""

    @property
    def title(self) -> str:
        """What it is called."""
        return TITLES[self.name]

    @property
    def purpose(self) -> str:
        """What it is for, in a sentence."""
        return PURPOSES[self.name]

    @property
    def tone(self) -> str:
        """Its color."""
        if self.trouble:
            return "bad"
        return "good" if self.done else "off" if self.waits else "busy"

    @property
    def word(self) -> str:
        """Its state in words."""
        return self.trouble or ("done" if self.done else "later" if self.waits else "to do")


class Steps:
    """The steps as this person may see and take them."""

    def __init__(self, request: HttpRequest, rows: Rows, *, now: datetime) -> None:
        self.may = request.user.has_perm
        self.rows, self.now = rows, now
        self.workspace_id = rows.workspace.pk if rows.workspace else None
        self.back = address_of(self.workspace_id)

    def all(self) -> tuple[Step, ...]:
        """All four in their order."""
        makers = (self.of_key, self.of_connection, self.of_rule, self.of_test)
        pairs = zip(STEPS, makers, strict=True)
        return tuple(make(Step(name, name in self.rows.progress.done)) for name, make in pairs)

    def of_key(self, step: Step) -> Step:
        """The workspace's name and its whole key, which is public by design."""
        workspace, key = self.rows.workspace, self.rows.key
        if workspace is None:
            add = ("Add a workspace", reverse("admin:meshes_workspace_add"))
            return self._offering(step, "meshes.add_workspace", add)
        step = replace(step, facts=(self._fact("Workspace", workspace),))
        if key is None:
            page = reverse("admin:meshes_workspace_button", args=[workspace.pk, "create-key"])
            return self._offering(step, "meshes.add_publishablekey", ("Create its key", page))
        if not self.may("meshes.view_publishablekey"):
            return replace(step, lacks=self._who("meshes.view_publishablekey", "see its key"))
        return replace(step, key=key.key)

    def of_connection(self, step: Step) -> Step:
        """The connection with what its last test found."""
        connection = self.rows.connection
        if connection is not None:
            return self._stored_connection(step, connection)
        if self.workspace_id is None:
            return replace(step, waits="Add a workspace first.")
        asked = urlencode({"workspace": self.workspace_id, "name": "ActiveCampaign"})
        add = f"{reverse('admin:connections_connection_add')}?{asked}"
        step = replace(step, advice=AT_HAND)
        return self._offering(step, "connections.add_connection", ("Connect ActiveCampaign", add))

    def _stored_connection(self, step: Step, connection: Connection) -> Step:
        state = state_of(connection, now=self.now)
        account = str(connection.last_check.get("account_name", ""))
        facts = (
            self._fact("Connection", connection),
            Fact("State", state.word),
            Fact("Account", account),
        )
        if self.may("connections.view_connection"):
            step = replace(step, facts=tuple(f for f in facts if f.value), advice=state.advice)
        if step.done:
            return step
        step = replace(step, trouble=NEEDS_KEY if is_refused(connection) else "")
        step = self._offering(
            step,
            "connections.change_connection",
            ("Open the connection", displays.address(connection)),
        )
        test = reverse("admin:connections_connection_button", args=[connection.pk, "test"])
        busy = "Testing… this takes up to 20 seconds"
        press = Action("Test connection", with_back(test, self.back), busy)
        return replace(step, test=press if step.actions and connection.active else None)

    def of_rule(self, step: Step) -> Step:
        """The rule's condition and action in words."""
        rule, connection = self.rows.rule, self.rows.connection
        if rule is not None:
            return self._stored_rule(step, rule)
        if connection is None:
            return replace(step, waits="Connect ActiveCampaign first.")
        step = replace(step, advice="" if self._has_targets(connection) else NO_TAG)
        chosen = {"connection": str(connection.pk), "action": "add_tag"}
        add = reverse("admin:rules_rule_add")
        own = ("Make a rule", f"{add}?{urlencode(chosen)}")
        example = ("Start from an example", f"{add}?{urlencode({**chosen, **EXAMPLE})}")
        return self._offering(step, "rules.add_rule", own, example)

    def _has_targets(self, connection: Connection) -> bool:
        held = visible_catalog(connection).present()
        return bool(held.filter(kind__in=("tag", "list")).exists())

    def _stored_rule(self, step: Step, rule: Rule) -> Step:
        told = (Fact("When", wording.condition(rule)), Fact("Then", action_words(rule)))
        if self.may("rules.view_rule"):
            step = replace(step, facts=(self._fact("Rule", rule), *told))
        if step.done:
            return step
        step = replace(step, advice=HELD if rule.held_reason else OFF)
        opened = ("Open the rule", displays.address(rule))
        return self._offering(step, "rules.change_rule", opened)

    def of_test(self, step: Step) -> Step:
        """What the test that passed read back, or how far the latest one came."""
        rule, trial = self.rows.rule, self.rows.trial
        if trial is not None:
            step = self._told(step, trial)
        elif step.done:
            step = replace(step, advice=REAL)
        if rule is None:
            return step if step.done else replace(step, waits="Make a rule first.")
        label = "Send another test event" if trial else "Send a test event"
        page = reverse("admin:deliveries_trial_new", args=[rule.pk])
        return self._offering(step, MAY_SEND_TEST, (label, page))

    def _told(self, step: Step, trial: Trial) -> Step:
        if not (self.may(MAY_SEND_TEST) or self.may("deliveries.view_trial")):
            return step
        found = course(trial, delivery_of(trial), now=self.now)
        url = with_back(displays.address(trial), self.back)
        sent = Fact("Sent", wording.moment(trial.created_at))
        advice = "" if found.passed else TO_FIX
        return replace(step, facts=(Fact("Result", found.headline, url), sent), advice=advice)

    def _offering(self, step: Step, permission: str, *links: tuple[str, str]) -> Step:
        """The step with its links, or with the names of those who may follow them."""
        if self.may(permission):
            there = (Action(label, with_back(url, self.back)) for label, url in links)
            return replace(step, actions=tuple(there))
        return step if step.done else replace(step, lacks=self._who(permission, "do this"))

    def _fact(self, label: str, row: Any) -> Fact:
        """The row by its name, with its page for those who may open it."""
        meta = row._meta
        may = self.may(f"{meta.app_label}.view_{meta.model_name}")
        return Fact(label, str(row), with_back(displays.address(row), self.back) if may else "")

    def _who(self, permission: str, what: str) -> str:
        names = people_who_may(permission, workspace_id=self.workspace_id)
        if not names:
            return f"Nobody may {what} yet. An administrator can give you the right."
        return f"You may not {what}. Ask one of those who may: {', '.join(names)}."
