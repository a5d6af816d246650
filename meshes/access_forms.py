"""Forms of people's and machines' access: choices instead of typing, sense across fields."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms

from meshes.admin_base import SelectInput

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
