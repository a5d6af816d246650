"""What a destination is, as data, and the words that it and the engine share.

Pure Python: no Django, no sockets. A destination declares itself with these
classes; the admin form, validation, masking, the API and the engine read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from connections.destinations.bulk import Bulk
    from connections.destinations.contacts import Contacts

JSON = dict[str, Any]
TargetKind = Literal["tag", "list", "contact"]
Effect = Literal["add", "remove", "sync"]
CatalogKind = Literal["tag", "list", "field"]


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One input of the connection form.

    Shape: `secret` values are stored encrypted and never shown again; the
    other values live in the connection's metadata.
    """

    key: str
    label: str
    type: Literal["text", "password", "select"] = "text"
    help_text: str = ""
    required: bool = True
    validate: Literal["", "url"] = ""

    @property
    def secret(self) -> bool:
        """Whether the value must never be shown again."""
        return self.type == "password"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a rule may ask a destination to do."""

    key: str
    label: str
    noun: str
    effect: Effect
    target_kind: TargetKind
    description: str = ""

    @property
    def needs_target(self) -> bool:
        """Whether a rule must name a tag or a list."""
        return self.target_kind != "contact"


@dataclass(frozen=True, slots=True)
class CatalogItem:
    """A tag, list or contact field that really exists in the account.

    Shape: `type` is the field's value type as the mapping knows it (`string`,
    `date`, `enum`, `multi_enum`, …); `options` its allowed values. Both are
    empty for tags and lists.
    """

    kind: CatalogKind
    id: str
    label: str
    type: str = ""
    options: tuple[str, ...] = ()
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request before it is sent.

    Shape: `path` starts with a slash and is relative to the account's API
    base; `operation` names the endpoint for the error table, such as
    `contact_sync`.
    """

    operation: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: JSON | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer as it came.

    Shape: header names are lower-case. `body` is capped.
    Units: `elapsed_ms` from before connecting to the last byte read.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, already masked and capped for history.

    Shape: `status` is None and `error` a word when no answer came.
    Units: `started_at` in seconds since the epoch, `elapsed_ms`.
    """

    method: str
    path: str
    request_body: str
    status: int | None
    response_headers: Mapping[str, str]
    response_body: str
    started_at: float
    elapsed_ms: int
    error: str = ""


Call = Callable[[Request], Answer]
"""The one seam to the network: paces, sends, records, and returns or raises."""


@dataclass(frozen=True, slots=True)
class KnownContact:
    """What we remember of a contact in one account.

    Shape: empty strings mean unknown. `links` maps a tag's id to the id of
    the contact's link to it.
    """

    id: str = ""
    fields_hash: str = ""
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """Everything an action needs to know, and nothing else.

    Shape: `email` is normalized. `values` are the mapped fields by their
    destination key, without `email` and without empty ones. `field_types`
    lists the account's custom fields by id. `restart` takes a tag away before
    it is given again; `taken_away` names the target of which an earlier try
    of the same run has done so.
    """

    action: str
    email: str
    target_id: str = ""
    target_label: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    field_types: Mapping[str, str] = field(default_factory=dict)
    resubscribe: bool = False
    restart: bool = False
    taken_away: str = ""


def _nobody(_what: object) -> None:
    """Nobody wants to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Who is told what a running job finds out, before it goes on; each may raise to end it.

    Shape: `learn` gets what is certain about the contact, so that it is not
    lost when a later step fails; `taken` the target that is taken away now, so
    that a later try goes on from there; `found` the id under which a target
    that was gone is found again by its name, before anything is written there.
    """

    learn: Callable[[KnownContact], object] = _nobody
    taken: Callable[[str], object] = _nobody
    found: Callable[[str], object] = _nobody


NO_HOOKS = Hooks()


@dataclass(frozen=True, slots=True)
class Done:
    """What a successful action found out.

    Shape: `contact` replaces what we remembered; its id is empty when the
    contact does not exist. `effect` says what changed in the account.
    `message` is one sentence for people without personal data. `target_id`
    is set when the target was found again by name under another id.
    """

    contact: KnownContact
    effect: Literal["applied", "already", "absent"]
    message: str
    target_id: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a credential check that passed.

    Shape: `missing` lists what the key may not read, in words.
    """

    account_name: str
    tags: int | None
    lists: int | None
    missing: tuple[str, ...] = ()


class Destination(Protocol):
    """What every destination offers; a module-level constant implements it.

    Shape: `bulk` is None where the destination takes one contact at a time,
    `contacts` where it cannot be asked what a contact holds.
    """

    kind: str
    name: str
    fields: tuple[CredentialField, ...]
    actions: tuple[Action, ...]
    core_fields: tuple[CatalogItem, ...]
    bulk: Bulk | None
    contacts: Contacts | None

    def normalize(
        self, metadata: Mapping[str, str], *, allow_private: bool = False
    ) -> dict[str, str]:
        """The metadata in its stored form; raises ValueError per bad value."""

    def account_key(self, metadata: Mapping[str, str]) -> str:
        """What identifies the account behind the connection."""

    def api_base(self, metadata: Mapping[str, str]) -> str:
        """The URL that request paths are appended to, without final slash."""

    def web_page(self, metadata: Mapping[str, str], *, kind: str, external_id: str) -> str:
        """Where a person sees the contact, tag or list in the account; '' when unknown."""

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """The headers that authenticate each request."""

    def check(self, call: Call) -> Checked:
        """The account's name and counts; raises an error of `errors`."""

    def probe(self, call: Call) -> None:
        """Nothing when the credentials work; raises an error of `errors`."""

    def read_catalog(self, call: Call) -> Iterator[CatalogItem]:
        """Every tag, list and field of the account, all pages."""

    def run(
        self,
        job: Job,
        call: Call,
        known: KnownContact,
        *,
        hooks: Hooks = ...,
    ) -> Done:
        """The job done; raises an error of `errors` when it is not, or what a hook raises."""

    def preview(self, job: Job) -> tuple[Request, ...]:
        """The requests of a job for a contact nobody knows yet; sends nothing."""

    def fields_hash(self, job: Job) -> str:
        """A digest of what a sync of this job would write."""
