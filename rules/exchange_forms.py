"""What people give and choose when they carry rules from one workspace to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from meshes.admin_base import FileInput
from rules.exported_files import FileUnusable
from rules.import_plan import Choices, Plan, TargetName
from rules.rules_file import MOST_BYTES, Entry, read


class UploadForm(forms.Form):
    """A file and the workspace that its rules should be in."""

    workspace: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        queryset=None, help_text="The rules are created or changed here, after a review."
    )
    file = forms.FileField(
        label="File of rules",
        help_text="One that “Export rules” has made, at most 1 MiB.",
        widget=FileInput,
    )

    def __init__(self, *args: Any, workspaces: QuerySet[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workspace"].queryset = workspaces  # type: ignore[attr-defined]

    def clean_file(self) -> bytes:
        """The bytes of the file, once they can be read as rules."""
        file = self.cleaned_data["file"]
        raw: bytes = file.read(MOST_BYTES + 1)
        try:
            self.entries = read(raw)
        except FileUnusable as error:
            raise forms.ValidationError(str(error)) from None
        return raw


class ReviewForm(forms.Form):
    """The reviewed file with what was chosen; the file travels with the page.

    Shape: choices are read by their place on the page, so that no name of a
    file becomes the name of an input.
    """

    workspace: forms.ModelChoiceField[Any] = forms.ModelChoiceField(queryset=None)
    text = forms.CharField(strip=False, max_length=MOST_BYTES)
    rules_version = forms.IntegerField()

    def __init__(self, *args: Any, workspaces: QuerySet[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workspace"].queryset = workspaces  # type: ignore[attr-defined]

    def clean_text(self) -> str:
        """The file, once it can be read as rules."""
        text: str = self.cleaned_data["text"]
        try:
            self.entries = read(text.encode())
        except FileUnusable as error:
            raise forms.ValidationError(str(error)) from None
        return text


def choices_in(posted: QueryDict, entries: Sequence[Entry]) -> Choices:
    """What was chosen for the file's connections, and typed for its targets."""
    connections: dict[str, UUID] = {}
    for place, name in enumerate(connection_names(entries)):
        try:
            connections[name] = UUID(posted.get(f"connection-{place}", ""))
        except ValueError:
            continue
    targets: dict[TargetName, str] = {}
    for place, (connection, kind, name) in enumerate(target_names(entries)):
        typed = posted.get(f"target-{place}", "")[:512]
        if typed.strip():
            targets[connection, kind, name] = typed
    return Choices(connections, targets)


def connection_names(entries: Sequence[Entry]) -> list[str]:
    """The file's connections, each once, in the order of the file."""
    return list(dict.fromkeys(entry.connection for entry in entries))


def target_names(entries: Sequence[Entry]) -> list[TargetName]:
    """The file's targets by connection and each kind that they could be."""
    found = ((e.connection, kind, e.target) for e in entries for kind in ("tag", "list"))
    return list(dict.fromkeys(key for key in found if key[2]))


def inputs_for(
    plan: Plan, entries: Sequence[Entry], choices: Choices
) -> dict[str, list[dict[str, Any]]]:
    """The inputs of the review: one for each connection, and for each target not found by name."""
    targets = [
        {
            "name": f"target-{place}",
            "label": f"{key[1].capitalize()} “{key[2]}” in {plan.bound[key[0]].name}",
            "value": choices.targets.get(key, ""),
            "missing": key in plan.open_targets,
        }
        for place, key in enumerate(target_names(entries))
        if key in plan.open_targets or key in choices.targets
    ]
    connections = [
        {
            "name": f"connection-{place}",
            "label": name,
            "value": plan.bound[name].pk if name in plan.bound else None,
        }
        for place, name in enumerate(connection_names(entries))
    ]
    return {"targets": targets, "connections": connections}
