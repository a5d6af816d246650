"""What the rule form says before it is saved: enough for a dry run, nothing is stored."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from rules.drafts import RuleDraft
from rules.facts import canonical_step
from rules.forms import chosen_target
from rules.models import CONDITION_FIELDS

DAYS = (7, 30)


class DraftForm(forms.Form):
    """A rule as it stands on the page, however unfinished.

    Shape: only a connection and an event are needed; `rule` names the stored one.
    """

    connection: forms.ModelChoiceField[Any] = forms.ModelChoiceField(queryset=None)
    event = forms.CharField(max_length=200, strip=False)
    resource = forms.CharField(max_length=200, required=False, strip=False)
    resource_id = forms.CharField(max_length=64, required=False)
    page_id = forms.CharField(max_length=200, required=False, strip=False)
    sequence_step = forms.CharField(max_length=64, required=False)
    action = forms.CharField(max_length=64, required=False)
    target_label = forms.CharField(max_length=512, required=False)
    target_id = forms.CharField(max_length=64, required=False)
    resubscribe = forms.BooleanField(required=False)
    restart = forms.BooleanField(required=False)
    days = forms.TypedChoiceField(choices=[(days, days) for days in DAYS], coerce=int)
    rule = forms.UUIDField(required=False)
    body = forms.CharField(required=False, max_length=300_000)

    def __init__(self, *args: Any, connections: QuerySet[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["connection"].queryset = connections  # type: ignore[attr-defined]

    def draft(self) -> RuleDraft:
        """The draft; call it once the form is valid."""
        values = self.cleaned_data
        connection = values["connection"]
        said = {name: values[name] for name in CONDITION_FIELDS}
        said["sequence_step"] = canonical_step(values["sequence_step"])
        return RuleDraft(
            workspace=connection.workspace,
            connection=connection,
            name="Draft",
            action=values["action"],
            target_id=chosen_target(connection, values),
            resubscribe=values["resubscribe"],
            restart=values["restart"],
            **said,
        )

    def complaint(self) -> str:
        """The first thing that is missing, as a sentence."""
        if "connection" in self.errors:
            return "Choose a connection first: it decides the workspace whose events count."
        field, faults = next(iter(self.errors.items()))
        return f"{field.replace('_', ' ').capitalize()}: {faults[0]}"
