"""The staff's form of a connection, made from what its destination declares.

A secret is written only: its box is always empty, and left empty it keeps the stored one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from connections import destinations
from connections.accounts import FASTEST, SLOWEST, set_rate
from connections.activation import is_verified
from connections.checking import LIKELY_TYPO
from connections.destinations.base import CredentialField
from connections.drafts import ConnectionDraft
from connections.models import Connection
from connections.refusals import CannotSave, NotConfirmed, Refused
from connections.saving import Saved, save_connection
from connections.states import ago

WRONG_KEY = frozenset({"unauthorized", "forbidden", "login_page", "api_key_malformed"})
WRONG_ADDRESS = LIKELY_TYPO | {"address_refused", "answer_too_large"}
NAME_HELP = (
    "Shown wherever this connection is chosen, such as Acme ActiveCampaign. Letters from a to z, "
    "digits, spaces, underscores and hyphens, at most 128."
)
RATE_HELP = (
    "Requests per second that Meshes may send to this account, from all its connections "
    "together. ActiveCampaign allows 5 for everything that talks to the account; choose less "
    "to leave room for other tools."
)


@dataclass(frozen=True, slots=True)
class Look:
    """The widgets that the admin shows inputs with."""

    text: type[forms.Widget] = forms.TextInput
    number: type[forms.Widget] = forms.NumberInput
    tick: type[forms.Widget] = forms.CheckboxInput


class ConnectionForm(forms.ModelForm):  # type: ignore[type-arg]
    """Workspace, name and the declared fields; saving them is the verb's work.

    Why: the verb checks the credentials for real, and what it finds belongs
    beside the fields. So it runs while the form is cleaned, and `saved`
    holds what it stored. `unconfirmed` asks the page to offer saving anyway.
    """

    kind: ClassVar[str]
    by: ClassVar[str]
    declared: ClassVar[tuple[CredentialField, ...]]
    look: ClassVar[Look]
    saved: Saved | None = None
    unconfirmed = False

    save_unchecked = forms.BooleanField(
        required=False,
        label="Save it although it could not be checked",
        help_text="It is shown as unchecked then. The key must be entered once more.",
    )
    requests_per_second = forms.FloatField(
        required=False,
        min_value=SLOWEST,
        max_value=FASTEST,
        label="Budget",
        help_text=RATE_HELP,
    )

    class Meta:
        model = Connection
        fields = ("workspace", "name", "bulk_import")
        help_texts: ClassVar = {"name": NAME_HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["save_unchecked"].widget = self.look.tick()
        self._offer_bulk()
        stored = None if self.instance._state.adding else self.instance
        for item in self.declared if stored else ():
            if item.secret:
                self.fields[item.key].required = False
                self.fields[item.key].help_text = _secret_help(self.instance, item)
            else:
                self.initial[item.key] = self.instance.metadata.get(item.key, "")
        if stored and is_verified(stored):
            self.initial["requests_per_second"] = stored.account.requests_per_second
            self.fields["requests_per_second"].widget = self.look.number(attrs={"step": "any"})
        else:
            self.fields.pop("requests_per_second", None)

    def _offer_bulk(self) -> None:
        bulk = destinations.destination(self.kind).bulk
        if bulk is None:
            self.fields.pop("bulk_import", None)
        elif "bulk_import" in self.fields:
            offered = self.fields["bulk_import"]
            offered.label, offered.help_text = bulk.label, bulk.help_text

    def _post_clean(self) -> None:
        if self.errors:
            return
        try:
            self.saved = save_connection(
                self._draft(),
                connection=None if self.instance._state.adding else self.instance,
                by=self.by,
                now=timezone.now(),
            )
        except CannotSave as refusal:
            self._explain(refusal)
            return
        rate = self.cleaned_data.get("requests_per_second")
        if rate is not None and "requests_per_second" in self.changed_data:
            set_rate(self.saved.connection.account, requests_per_second=rate)

    def save(self, commit: bool = True) -> Connection:
        """What the verb stored; nothing more is written."""
        return self.saved.connection if self.saved else self.instance

    def save_m2m(self) -> None:
        """Nothing: the verb stored everything."""

    def _draft(self) -> ConnectionDraft:
        return ConnectionDraft(
            workspace=self.cleaned_data.get("workspace") or self.instance.workspace,
            kind=self.kind,
            name=self.cleaned_data["name"],
            values={item.key: self.cleaned_data[item.key] for item in self.declared},
            hidden=self.instance.hidden,
            bulk_import=self.cleaned_data.get("bulk_import"),
            save_unchecked=self.cleaned_data["save_unchecked"],
        )

    def _explain(self, refusal: CannotSave) -> None:
        for key, sentence in refusal.errors.items():
            self.add_error(self._field_of(key, refusal), sentence)
        self.unconfirmed = isinstance(refusal, NotConfirmed)

    def _field_of(self, key: str, refusal: CannotSave) -> str | None:
        """The field that the sentence belongs beside; None where no single one is to blame."""
        if key in self.fields:
            return key
        reason = refusal.reason if isinstance(refusal, Refused) else ""
        if reason not in WRONG_KEY | WRONG_ADDRESS:
            return None
        secret = reason in WRONG_KEY
        return next((item.key for item in self.declared if item.secret == secret), None)


def form_for(kind: str, *, by: str, look: Look) -> type[ConnectionForm]:
    """The form class for connections to this destination, filled in by this person."""
    declared = destinations.destination(kind).fields
    inputs = {item.key: _input(item, look) for item in declared}
    own = {"kind": kind, "by": by, "declared": declared, "look": look}
    return type("ConnectionForm", (ConnectionForm,), {**own, **inputs})


def _input(item: CredentialField, look: Look) -> forms.CharField:
    widget = look.text()
    if item.secret:
        # Never with a value, and no browser keeps what is typed.
        attrs = {**widget.attrs, "autocomplete": "new-password"}
        widget = forms.PasswordInput(attrs=attrs, render_value=False)
    return forms.CharField(
        label=item.label,
        help_text=item.help_text,
        required=item.required,
        error_messages={"required": f"Enter the {item.label}."},
        widget=widget,
    )


def _secret_help(connection: Connection, item: CredentialField) -> str:
    if not connection.secrets:
        return item.help_text
    changed = ""
    if connection.secret_changed_at:
        changed = f", changed {ago(connection.secret_changed_at)}"
    return (
        f"Set{changed}, fingerprint {connection.secret_fingerprint}. "
        "Leave it empty to keep the stored one."
    )
