"""What the pages of erasures ask, promise and tell; the address stands in forms only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from deliveries import wording
from deliveries.admin_facts import Fact
from deliveries.erasure_waits import waiting_for, waits
from deliveries.erasure_work import own_events, workspaces_of
from deliveries.id_bounds import newest_id
from deliveries.models import UNFINISHED, Delivery, Erasure, Event
from meshes.models import Workspace
from meshes.visibility import sees_all, visible_workspaces
from rules.facts import normalized_email

EVERYWHERE = "all"
NOT_TOUCHED = (
    "ActiveCampaign is not touched: delete the contact there, too.",
    "Backups of this database are not touched: erase the person once more after restoring one.",
    "Accounts of the staff and alert contacts are not touched: remove those on their own pages.",
    "Events that the product sends after the request are new data, and are kept.",
)
COUNTS: Mapping[str, tuple[str, str]] = {
    "events": ("event of the person was blanked", "events of the person were blanked"),
    "mentions": (
        "event of somebody else named the person, and lost its payload",
        "events of somebody else named the person, and lost their payloads",
    ),
    "deliveries": ("delivery lost its address", "deliveries lost their address"),
    "canceled": (
        "waiting delivery was stopped before that",
        "waiting deliveries were stopped before that",
    ),
    "attempts": ("attempt lost its exchanges", "attempts lost their exchanges"),
    "contacts": ("remembered contact was deleted", "remembered contacts were deleted"),
    "keys": ("stored answer to a request was deleted", "stored answers to requests were deleted"),
    "jobs": ("replay forgot whom it was about", "replays forgot whom they were about"),
}


class EraseForm(forms.Form):
    """Whom to erase, and where."""

    email = forms.CharField(
        label="Email address",
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="The whole address. Upper and lower case make no difference.",
    )
    workspace = forms.ChoiceField(
        label="Where", help_text="An erasure covers one workspace, or all of them."
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspaces = {str(row.pk): row for row in visible_workspaces(user).order_by("name")}
        offered = [(key, row.name) for key, row in self.workspaces.items()]
        everywhere = [(EVERYWHERE, "All workspaces")] if sees_all(user) else []
        field = self.fields["workspace"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [*everywhere, *offered]

    def clean_email(self) -> str:
        """The address in the spelling that history uses."""
        email = normalized_email(self.cleaned_data["email"])
        if not email:
            raise ValidationError("This is no valid email address. Correct it and try again.")
        return email

    @property
    def chosen(self) -> Workspace | None:
        """The workspace, or None for all of them."""
        return self.workspaces.get(self.cleaned_data["workspace"])


def promise(form: EraseForm) -> dict[str, Any]:
    """What the erasure that the form asks for would do at once."""
    chosen = form.chosen
    workspaces = workspaces_of(chosen.pk if chosen else None)
    last = newest_id(Event.objects.all())
    ids = own_events(form.cleaned_data["email"], workspaces=workspaces, last_id=last)
    waiting = Delivery.objects.filter(UNFINISHED, event__in=ids[:10_000])
    return {
        "email": form.cleaned_data["email"],
        "place": place(chosen),
        "events": f"{len(ids):,} event{'' if len(ids) == 1 else 's'}",
        "waiting": waiting.count(),
        "not_touched": NOT_TOUCHED,
    }


def receipt(row: Erasure, *, links: bool) -> dict[str, Any]:
    """The erasure in words: how far it is, what it did, and what it cannot do.

    Shape: with `links` what it waits for leads to the deliveries' pages.
    """
    running = row.state == Erasure.State.RUNNING
    waiting = waiting_for(row) if running else 0
    return {
        "sentence": "A person is being erased" if running else "A person was erased",
        "state": state(row),
        "tone": "busy" if running else "good",
        "running": running,
        "percent": percent(row),
        "waiting": waiting,
        "waits": waits(row, links=links) if waiting else {},
        "counts": [
            (f"{number:,}", COUNTS[name][number != 1])
            for name, number in row.counts.items()
            if name in COUNTS and number
        ],
        "facts": _facts(row),
        "not_touched": NOT_TOUCHED,
        "ids": [Fact("Erasure id", str(row.uuid)), Fact("Keyed hash", row.email_hash)],
    }


def state(row: Erasure) -> str:
    """How far the erasure is, in words."""
    if row.state == Erasure.State.DONE:
        return "done"
    searched = f"{percent(row)} % of the history searched"
    waiting = waiting_for(row)
    if waiting and percent(row) == 100:
        return f"waits for {waiting} {'event' if waiting == 1 else 'events'} of other people"
    return f"running, {searched}"


def percent(row: Erasure) -> int:
    """How much of the history was searched."""
    if row.state == Erasure.State.DONE or not row.last_id:
        return 100 if row.state == Erasure.State.DONE else 0
    return min(100, 100 * row.scanned_id // row.last_id)


def place(workspace: Workspace | None) -> str:
    """Where the person is erased."""
    return f"the workspace {workspace.name}" if workspace else "all workspaces"


def _facts(row: Erasure) -> list[Fact]:
    ended = [Fact("Finished", wording.moment(row.finished_at))] if row.finished_at else []
    return [
        Fact("Asked for by", row.asked_by),
        Fact("Asked for", wording.moment(row.created_at)),
        *ended,
        Fact("Where", place(row.workspace)),
    ]
