"""Forms of people's and machines' access: choices instead of typing, sense across fields."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import Any

from django import forms

from meshes import key_limits
from meshes.admin_base import SelectInput, TextInput

ALL = "Choose none to give access to all."


def time_zones() -> list[tuple[str, str]]:
    """Every time zone that this machine knows, UTC first."""
    names = sorted(zoneinfo.available_timezones() - {"UTC"})
    return [(name, name) for name in ("UTC", *names)]


class MembershipForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person's access; the time zone is chosen, not typed."""

    time_zone = forms.ChoiceField(choices=time_zones, initial="UTC", widget=SelectInput)

    class Meta:
        help_texts = {"workspaces": ALL}


class PublishableKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A publishable key and what it may do; empty boxes leave it as every key is."""

    events_per_second = forms.FloatField(
        required=False,
        min_value=key_limits.SLOWEST_PER_SECOND,
        max_value=key_limits.FASTEST_PER_SECOND,
        widget=TextInput,
        help_text="How many events a second; empty for the server's usual limit.",
    )
    events_burst = forms.IntegerField(
        required=False,
        label="Events at once",
        min_value=key_limits.SMALLEST_BURST,
        max_value=key_limits.LARGEST_BURST,
        widget=TextInput,
        help_text="How many at once, at least one full bulk request of 100; empty for the usual.",
    )

    class Meta:
        help_texts = {
            "allowed_origins": "One a line, such as https://app.example.com. When there is one, "
            "only pages of these may post; servers need a key of their own then.",
            "allowed_events": "Names of events, one a line. When there is one, the key may send "
            "no other.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"allowed_origins", "allowed_events"} & self.fields.keys():
            self.fields[name].widget.attrs["rows"] = 3

    def clean_allowed_origins(self) -> str:
        """The origins as browsers spell them."""
        return _said(key_limits.origins_of, self.cleaned_data["allowed_origins"])

    def clean_allowed_events(self) -> str:
        """The names, without empty lines and repeats."""
        return _said(key_limits.events_of, self.cleaned_data["allowed_events"])


def _said(spelled: Callable[[str], str], text: str) -> str:
    try:
        return spelled(text)
    except key_limits.NotUsable as error:
        raise forms.ValidationError(str(error)) from error


class MachineKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A machine key stays inside its organization."""

    class Meta:
        help_texts = {"workspaces": ALL, "read_only": "It may read results but change nothing."}

    def clean(self) -> dict[str, Any]:
        """Refuse workspaces of another organization."""
        values = super().clean() or self.cleaned_data
        organization = values.get("organization") or self.instance.organization_id
        wanted = getattr(organization, "pk", organization)
        foreign = [w.name for w in values.get("workspaces", []) if w.organization_id != wanted]
        if wanted and foreign:
            names = ", ".join(foreign)
            raise forms.ValidationError(f"These belong to another organization: {names}.")
        return values
