"""The staff's form of a rule; what it means and whether it may be is the verb's business."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.utils import timezone

from connections import destinations
from connections.models import Connection
from rules.drafts import RuleDraft, missing_target
from rules.errors import Refused
from rules.models import CONDITION_FIELDS, Rule
from rules.saving import save_rule
from rules.targets import action_of, target_by_id, target_named

CONSENT = (
    "Leave this off, and people who unsubscribed or whose mail bounced stay off the list; the "
    "delivery then says so. Switch it on only if each of these people has asked for mail "
    "again: mailing someone who opted out breaks the law in many countries."
)
REPEAT = (
    "Off: people who hold the tag keep it, and no automation starts again. On: the tag is taken "
    "away and given again, so that an automation that starts with it begins anew each time. If a "
    "worker or the network dies at the wrong moment, an automation may start twice."
)
LABELS = {
    "resource_id": "Resource ID",
    "page_id": "Page ID",
    "sequence_step": "Step",
    "target_label": "Tag or list",
    "resubscribe": "Subscribe people again who left the list",
    "restart": "Start its automation again for people who hold the tag already",
    "active": "On",
}
HELP = {
    "name": "What your team calls this milestone. It is shown in the delivery history.",
    "connection": "The account to change. It also decides the workspace whose events count.",
    "event": "The event that your product sends, exactly as it is spelled there.",
    "resource": "Only events about this kind of thing, such as onboarding_sequence. Empty: any.",
    "resource_id": "Only events about this one, such as workspace-setup. Empty: any.",
    "page_id": "Only events from this page, such as page_connect-crm. Empty: any page.",
    "sequence_step": "Only this step of the sequence; 3 and 03 are the same. Empty: any step.",
    "target_label": "Type a part of its name, then choose it from the account's tags or lists.",
    "resubscribe": CONSENT,
    "restart": REPEAT,
    "active": "Off: no event matches this rule, and its history stays.",
}


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """One rule; `saved` holds what the verb stored while the form was cleaned.

    Shape: a person sees and types the target's name in `target_label`; the
    script puts the id of the chosen one into `target_id`.
    """

    by: ClassVar[str]
    saved: Rule | None = None
    confirm_drop = forms.BooleanField(
        label="Save although far fewer people match", required=False, widget=forms.HiddenInput
    )

    class Meta:
        model = Rule
        fields = (
            "name",
            "connection",
            "active",
            *CONDITION_FIELDS,
            "action",
            "target_label",
            "target_id",
            "resubscribe",
            "restart",
        )
        labels = LABELS
        help_texts = HELP
        widgets = {"target_id": forms.HiddenInput}

    def clean(self) -> dict[str, Any]:
        """What was typed; a target that is missing is told with all else that is wrong."""
        values = super().clean() or self.cleaned_data
        connection, typed = values.get("connection"), values.get("target_label", "")
        action = action_of(connection.kind, values.get("action", "")) if connection else None
        if action and action.needs_target and not typed and "target_label" not in self.errors:
            self.add_error("target_label", missing_target(action))
        return values

    def _post_clean(self) -> None:
        if self.errors:
            return
        draft = self._draft()
        rule = None if self.instance._state.adding else self.instance
        drop = self.big_drop(rule, draft) if rule and not self.cleaned_data["confirm_drop"] else ""
        if drop:
            self.fields["confirm_drop"].widget = forms.CheckboxInput()
            self.add_error("confirm_drop", drop)
            return
        try:
            self.saved = save_rule(
                rule,
                draft=draft,
                by=self.by,
                now=timezone.now(),
            )
        except Refused as refusal:
            field = "target_label" if refusal.field == "target_id" else refusal.field
            self.add_error(field if field in self.fields else None, refusal.message)

    def big_drop(self, _rule: Rule, _draft: RuleDraft) -> str:
        """A sentence where far fewer people would match; the room that has events knows."""
        return ""

    def save(self, commit: bool = True) -> Rule:
        """What the verb stored; nothing more is written."""
        return self.saved or self.instance

    def save_m2m(self) -> None:
        """Nothing: a rule has no such rows."""

    def _draft(self) -> RuleDraft:
        connection: Connection = self.cleaned_data["connection"]
        typed = ("name", "action", "active", "resubscribe", "restart", *CONDITION_FIELDS)
        return RuleDraft(
            workspace=connection.workspace,
            connection=connection,
            target_id=self._target_id(connection),
            hidden=self.instance.hidden,
            **{name: self.cleaned_data[name] for name in typed},
        )

    def _target_id(self, connection: Connection) -> str:
        if self._unchanged_target():
            return str(self.cleaned_data["target_id"])
        return chosen_target(connection, self.cleaned_data)

    def _unchanged_target(self) -> bool:
        kept = ("target_id", "target_label")
        same = all(self.cleaned_data[name] == getattr(self.instance, name) for name in kept)
        return same and bool(self.cleaned_data["target_label"])


def chosen_target(connection: Connection, values: Mapping[str, Any]) -> str:
    """The id of the chosen or typed target; text that is none stays text."""
    text, chosen = (str(values[name]) for name in ("target_label", "target_id"))
    action = action_of(connection.kind, values["action"])
    if action is None or not action.needs_target or not text:
        return text
    held = target_by_id(connection, kind=action.target_kind, external_id=chosen)
    if held is None or held.label != text:
        held = target_named(connection, kind=action.target_kind, text=text)
    return held.external_id if held else text


class ConnectionChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Connections by their name and their workspace's."""

    def label_from_instance(self, obj: Any) -> str:
        """What a person reads."""
        return f"{obj.name} — {obj.workspace.name}"


def action_choices() -> list[tuple[str, str]]:
    """Every declared action once, with its label."""
    declared = [action for each in destinations.DESTINATIONS for action in each.actions]
    return list({action.key: action.label for action in declared}.items())


def offers() -> str:
    """For the script: what each destination's actions act on, as JSON."""
    return json.dumps(
        {
            each.kind: {
                action.key: {
                    "target": action.target_kind,
                    "resubscribe": (action.effect, action.target_kind) == ("add", "list"),
                    "restart": (action.effect, action.target_kind) == ("add", "tag"),
                }
                for action in each.actions
            }
            for each in destinations.DESTINATIONS
        }
    )


def kinds(connections: list[tuple[UUID, str]]) -> str:
    """For the script: which destination each connection leads to, as JSON."""
    return json.dumps({str(pk): kind for pk, kind in connections})
