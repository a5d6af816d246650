"""The rows the sandbox keeps in memory: plain data, numbers as numbers.

Turning them into the vendor's strings is the work of the shapes.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4


@dataclass(kw_only=True)
class Row:
    """What every row has: an id its table gives it, never used twice."""

    id: int = 0
    created: float = 0.0
    updated: float = 0.0


@dataclass(kw_only=True)
class Contact(Row):
    """A person, known by email address without regard to case."""

    email: str
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    orgname: str = ""
    bounced_hard: int = 0
    hash: str = field(default_factory=lambda: uuid4().hex)


@dataclass(kw_only=True)
class Tag(Row):
    """A tag; `kind` is the vendor's tagType: contact, template or nothing."""

    name: str
    kind: str = "contact"
    description: str = ""


@dataclass(kw_only=True)
class ContactTag(Row):
    """One contact holds one tag."""

    contact: int
    tag: int


@dataclass(kw_only=True)
class MailingList(Row):
    """A list; `shared` says whether the key owner's group may see it."""

    name: str
    stringid: str = ""
    sender_url: str = ""
    sender_reminder: str = ""
    shared: bool = True


@dataclass(kw_only=True)
class Membership(Row):
    """A contact's state on a list: 0 unconfirmed, 1 active, 2 unsubscribed, 3 bounced."""

    contact: int
    list: int
    status: int
    source: int = 3


@dataclass(kw_only=True)
class Field(Row):
    """A custom field of contacts."""

    title: str
    type: str = "text"
    perstag: str = ""
    descript: str = ""
    ordernum: int = 0


@dataclass(kw_only=True)
class FieldOption(Row):
    """One choice of a dropdown, radio, list box or checkbox field."""

    field: int
    value: str
    label: str
    orderid: int = 0
    isdefault: bool = False


@dataclass(kw_only=True)
class FieldRel(Row):
    """Where a field is shown; list 0 means everywhere."""

    field: int
    relid: int


@dataclass(kw_only=True)
class FieldValue(Row):
    """The value of one field of one contact."""

    contact: int
    field: int
    value: str


@dataclass(kw_only=True)
class Automation(Row):
    """An automation and what starts it: ("tag", id), ("list", id) or nothing."""

    name: str
    trigger: tuple[str, int] | None = None
    active: bool = True


@dataclass(kw_only=True)
class Enrollment(Row):
    """A contact entered an automation, by a trigger or by the API."""

    contact: int
    automation: int
    cause: str


@dataclass(kw_only=True)
class User(Row):
    """A person of the account; keys belong to users."""

    username: str
    first_name: str
    last_name: str
    email: str


@dataclass(kw_only=True)
class Batch:
    """A bulk import: what was sent, and after the work what came of it."""

    contacts: list[dict[str, Any]]
    created: float
    batch_id: str = field(default_factory=lambda: str(uuid4()))
    exclude_automations: bool = False
    callback: dict[str, Any] | None = None
    outcome: str = ""
    finished: float = 0.0
    success: list[str] = field(default_factory=list)
    failure: list[str] = field(default_factory=list)
    reasons: list[dict[str, str]] = field(default_factory=list)
