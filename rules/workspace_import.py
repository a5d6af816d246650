"""Brings a workspace to what an exported file says: all of it in one transaction, or nothing.

No network and no secret: connections that are new here wait for their key, and with them the
mappings and rules that need to know what the account holds. Importing again goes on from there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from connections.activation import is_verified
from connections.awaiting_key import create_awaiting_key
from connections.drafts import ConnectionDraft
from connections.models import Connection
from connections.refusals import InvalidDraft
from meshes import workspaces
from meshes.models import AlertContact, Organization, PublishableKey, Workspace
from meshes.retiring import retire
from rules.errors import Refused
from rules.import_plan import Choices, Planned, plan
from rules.importing import ImportRefused
from rules.mapping_import import translated
from rules.mapping_versions import MappingDraft, current_mapping, save_mapping
from rules.models import EventType, ResourceType
from rules.saving import save_rule
from rules.versions import changing
from rules.workspace_file import ConnectionEntry, NameEntry, RuleEntry, WorkspaceFile

MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Author:
    """Who imports, and when."""

    by: str
    now: datetime


@dataclass(slots=True)
class Imported:
    """What an import did.

    Shape: `key` is that of a workspace which was made anew. `counts` says how
    many rows of each kind were created, changed or there already; `waiting`
    has a sentence for each thing that waits for the key of a connection.
    """

    workspace: Workspace
    key: PublishableKey | None = None
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    waiting: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def import_workspace(
    file: WorkspaceFile,
    *,
    organization: Organization,
    name: str = "",
    author: Author,
    dry_run: bool = False,
) -> Imported:
    """What was done, or with `dry_run` what would be.

    Shape: goes into the organization's workspace of this name, the file's
    unless another is given; it is made when there is none.
    Raises: ImportRefused with every reason; then nothing is stored.
    """
    with transaction.atomic():
        done = _workspace(file, organization=organization, name=name or file.name, author=author)
        with changing(done.workspace.pk):
            _names(done, EventType, file.event_types, author)
            _names(done, ResourceType, file.resource_types, author)
            _contacts(done, file.alert_contacts, author)
            _connections(done, file.connections, author)
            _rules(done, file.rules, author)
        if done.faults:
            raise ImportRefused(_all(done.faults))
        transaction.set_rollback(dry_run)
    return done


def _workspace(
    file: WorkspaceFile, *, organization: Organization, name: str, author: Author
) -> Imported:
    found = Workspace.objects.live().filter(organization=organization, name=name).first()
    if found is not None:
        return Imported(found)
    try:
        made, key = workspaces.create_workspace(
            name, organization=organization, by=author.by, description=file.description
        )
    except (workspaces.NameInvalid, workspaces.NameTaken) as error:
        raise ImportRefused(f"Nothing was imported. Its name: {error}") from None
    # It starts with names of its own; only those of the file were asked for.
    for table, entries in ((EventType, file.event_types), (ResourceType, file.resource_types)):
        wanted = {entry.key for entry in entries}
        for row in table.objects.live().filter(workspace=made).exclude(key__in=wanted):
            retire(row, by=author.by, now=author.now)
    return Imported(made, key)


def _names(done: Imported, table: Any, entries: Iterable[NameEntry], author: Author) -> None:
    rows = {row.key: row for row in table.objects.live().filter(workspace=done.workspace)}
    for entry in entries:
        row = rows.get(entry.key)
        said = {"label": entry.label, "description": entry.description, "active": entry.active}
        same = row is not None and all(getattr(row, each) == said[each] for each in said)
        fate = "the same" if same else "created" if row is None else "changed"
        row = row or table(workspace=done.workspace, key=entry.key, created_by=author.by)
        for each, value in said.items():
            setattr(row, each, value)
        if same or _saved(done, row, f"{table._meta.verbose_name} {entry.key}", author):
            done.counts[str(table._meta.verbose_name_plural), fate] += 1
        rows[entry.key] = row


def _contacts(done: Imported, addresses: Iterable[str], author: Author) -> None:
    here = set(
        AlertContact.objects.live().filter(workspace=done.workspace).values_list("email", flat=True)
    )
    for place, address in enumerate(addresses, start=1):
        fate = "the same" if address in here else "created"
        row = AlertContact(workspace=done.workspace, email=address, created_by=author.by)
        # By its number: an address belongs into no message.
        if fate == "the same" or _saved(done, row, f"alert contact {place}", author):
            done.counts["alert contacts", fate] += 1
        here.add(address)


def _saved(done: Imported, row: Any, what: str, author: Author) -> bool:
    try:
        row.full_clean()
    except ValidationError as error:
        first = next(iter(error.message_dict.items()))
        done.faults.append(f"{what}: {first[0]}: {first[1][0]}")
        return False
    row._change_reason = f"imported by {author.by}"[:100]  # for django-simple-history
    row.save()
    return True


def _connections(done: Imported, entries: Iterable[ConnectionEntry], author: Author) -> None:
    for entry in entries:
        here = Connection.objects.live().filter(workspace=done.workspace)
        row = here.filter(name__iexact=entry.name).select_related("account").first()
        if row is not None:
            done.counts["connections", "the same"] += 1
            if row.kind != entry.kind:
                done.faults.append(f"connection {entry.name}: it is of another kind here.")
                continue
        else:
            row = _created(done, entry, author)
        if row is not None and not is_verified(row):
            done.waiting.append(
                f"The connection {row.name} needs its key: enter it in the admin, under "
                "Connections."
            )
        if row is not None and entry.mapping is not None:
            _mapping(done, row, entry, author)


def _created(done: Imported, entry: ConnectionEntry, author: Author) -> Connection | None:
    draft = ConnectionDraft(
        done.workspace,
        entry.kind,
        entry.name,
        entry.values,
        hidden=entry.hidden,
        bulk_import=entry.bulk_import,
    )
    rate = entry.requests_per_second
    try:
        row = create_awaiting_key(
            draft, active=entry.active, requests_per_second=rate, by=author.by, now=author.now
        )
    except InvalidDraft as refused:
        where, sentence = next(iter(refused.errors.items()))
        done.faults.append(f"connection {entry.name}: {where}: {sentence}")
        return None
    done.counts["connections", "created"] += 1
    return row


def _mapping(done: Imported, row: Connection, entry: ConnectionEntry, author: Author) -> None:
    if entry.mapping is None:
        return
    if not is_verified(row):
        done.waiting.append(f"The field mapping of {row.name} waits for that key.")
        return
    schema, unknown = translated(entry.mapping, connection=row)
    if unknown:
        names = ", ".join(f"“{name}”" for name in unknown)
        done.faults.append(f"mapping of {row.name}: its account has no field called {names}.")
        return
    current = current_mapping(row.pk)
    if current is not None and (current.name, current.schema) == (entry.mapping.name, schema):
        done.counts["field mappings", "the same"] += 1
        return
    try:
        draft = MappingDraft(schema, name=entry.mapping.name)
        save_mapping(row, draft=draft, by=author.by, now=author.now)
    except Refused as refused:
        done.faults.append(f"mapping of {row.name}: {refused.message}")
        return
    done.counts["field mappings", "created" if current is None else "changed"] += 1


def _rules(done: Imported, entries: tuple[RuleEntry, ...], author: Author) -> None:
    planned = plan([entry.said for entry in entries], workspace=done.workspace, choices=Choices())
    for entry, one in zip(entries, planned.rules, strict=True):
        bound = planned.bound.get(entry.said.connection)
        if one.draft is None and bound is not None and not is_verified(bound):
            done.waiting.append(f"The rule {entry.said.name} waits for the key of {bound.name}.")
        elif one.fate == "skip":
            done.faults.append(f"rule {entry.said.name}: {one.why}")
        else:
            _rule(done, entry, one, author)


def _rule(done: Imported, entry: RuleEntry, one: Planned, author: Author) -> None:
    if one.draft is None:
        return
    draft = replace(one.draft, hidden=entry.hidden, metadata=dict(entry.metadata))
    before = one.rule.current_id if one.rule is not None else None
    try:
        stored = save_rule(one.rule, draft=draft, by=author.by, now=author.now)
    except Refused as refused:
        done.faults.append(f"rule {entry.said.name}: {refused.message}")
        return
    fate = "created" if one.rule is None else "changed"
    done.counts["rules", "the same" if stored.current_id == before else fate] += 1


def _all(faults: list[str]) -> str:
    more = f"\nAnd {len(faults) - MOST_TOLD:,} more." if len(faults) > MOST_TOLD else ""
    listed = "\n".join(f"- {fault}" for fault in faults[:MOST_TOLD])
    return f"Nothing was imported. Correct this, then import again:\n{listed}{more}"
