"""The form of a test event: fields, or the JSON as the product would post it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html

from deliveries.planning import moment_of
from deliveries.trial_prefill import body_of

FIELDS, JSON = "fields", "json"
ZONE = "a zone, such as 2026-03-21T15:06:00Z."
MARKED = '{} <span class="trial-needed">*</span>'
NEEDED = ("email", "event")
"""What is marked, as it must not be blank where the fields are sent."""


class TrialForm(forms.Form):
    """What is sent; `sure` is a real person's address that somebody has confirmed."""

    email = forms.EmailField(
        label="Contact",
        required=False,
        help_text="Whose contact the rule changes. Your own address, or one that you use for "
        "tests only.",
    )
    page_title = forms.CharField(label="Page title", required=False)
    page_id = forms.CharField(label="Page ID", required=False)
    sequence_step = forms.CharField(label="Step", required=False)
    completed_at = forms.CharField(label="Completed at", required=False, help_text=f"With {ZONE}")
    user_id = forms.CharField(label="User ID", required=False)
    event = forms.CharField(label="Event", required=False)
    resource = forms.CharField(label="Resource", required=False)
    resource_id = forms.CharField(label="Resource ID", required=False)
    how = forms.ChoiceField(
        label="Send",
        choices=[(FIELDS, "the fields above"), (JSON, "the JSON below, as it stands")],
        widget=forms.RadioSelect,
        initial=FIELDS,
    )
    body = forms.CharField(
        label="JSON",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false"}),
        help_text="The body as your product posts it to /api/v1/events.",
    )
    sure = forms.CharField(required=False)

    def __init__(self, *args: Any, addresses: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.addresses = addresses
        self.fields["email"].widget.attrs |= {"list": "trial-addresses", "autocomplete": "off"}
        for field in (self.fields[name] for name in NEEDED):
            field.label = format_html(MARKED, field.label)
            field.widget.attrs["aria-required"] = "true"

    def clean(self) -> dict[str, Any]:
        """The values, with a contact and a time that is one where the fields are sent."""
        values = super().clean() or self.cleaned_data
        if values.get("how") != FIELDS:
            return values
        if not values.get("email") and "email" not in self.errors:
            self.add_error("email", "Say whose contact the rule is to change.")
        when = values.get("completed_at")
        if when and moment_of(when) is None:
            self.add_error("completed_at", f"Write a date and a time with {ZONE}")
        return values

    def raw(self) -> bytes:
        """The body that is sent; call it on a valid form."""
        if self.cleaned_data["how"] == JSON:
            return str(self.cleaned_data["body"]).encode()
        return body_of(self.cleaned_data).encode()
