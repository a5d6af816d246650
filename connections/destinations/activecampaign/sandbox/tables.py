"""Tables in memory with a unique key and a group, and the set of them one account owns.

No rule of ActiveCampaign lives here, and no locking: callers hold the account's lock.
"""

from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from connections.destinations.activecampaign.sandbox.rows import (
    Automation,
    Batch,
    Contact,
    ContactTag,
    Enrollment,
    Field,
    FieldOption,
    FieldRel,
    FieldValue,
    MailingList,
    Membership,
    Row,
    Tag,
    User,
)

R = TypeVar("R", bound=Row)


class Table(Generic[R]):
    """Rows by id, by one unique key, and by one group such as the contact."""

    def __init__(self, key: Callable[[R], Hashable], group: Callable[[R], int] | None = None):
        self._key = key
        self._group = group
        self._rows: dict[int, R] = {}
        self._index: dict[Hashable, R] = {}
        self._groups: dict[int, dict[int, R]] = {}
        self._last_id = 0

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row_id: int) -> R:
        return self._rows[row_id]

    def add(self, row: R) -> R:
        """The same row, stored under the next id."""
        self._last_id += 1
        row.id = self._last_id
        self._rows[row.id] = row
        self._enter(row)
        return row

    def get(self, row_id: int) -> R | None:
        """The row with this id, or None."""
        return self._rows.get(row_id)

    def find(self, key: Hashable) -> R | None:
        """The row with this unique key, or None."""
        return self._index.get(key)

    def of(self, group: int) -> list[R]:
        """The rows of a group, oldest first."""
        return list(self._groups.get(group, {}).values())

    def remove(self, row: R) -> None:
        """Forget a row; its id is never given again."""
        self._leave(row)
        del self._rows[row.id]

    def change(self, row: R, **values: object) -> None:
        """Set attributes of a row and keep its key and group right."""
        self._leave(row)
        for name, value in values.items():
            setattr(row, name, value)
        self._enter(row)

    def _enter(self, row: R) -> None:
        self._index[self._key(row)] = row
        if self._group:
            self._groups.setdefault(self._group(row), {})[row.id] = row

    def _leave(self, row: R) -> None:
        self._index.pop(self._key(row), None)
        if self._group:
            self._groups.get(self._group(row), {}).pop(row.id, None)


class Data:
    """Everything one account holds."""

    def __init__(self) -> None:
        self.users: Table[User] = Table(key=lambda row: row.username)
        self.contacts: Table[Contact] = Table(key=lambda row: row.email.lower())
        self.tags: Table[Tag] = Table(key=lambda row: (row.kind, row.name.lower()))
        self.contact_tags: Table[ContactTag] = Table(
            key=lambda row: (row.contact, row.tag), group=lambda row: row.contact
        )
        self.lists: Table[MailingList] = Table(key=lambda row: row.id)
        self.memberships: Table[Membership] = Table(
            key=lambda row: (row.contact, row.list), group=lambda row: row.contact
        )
        self.fields: Table[Field] = Table(key=lambda row: row.title.lower())
        self.options: Table[FieldOption] = Table(
            key=lambda row: row.id, group=lambda row: row.field
        )
        self.rels: Table[FieldRel] = Table(
            key=lambda row: (row.field, row.relid), group=lambda row: row.field
        )
        self.values: Table[FieldValue] = Table(
            key=lambda row: (row.contact, row.field), group=lambda row: row.contact
        )
        self.automations: Table[Automation] = Table(key=lambda row: row.id)
        self.enrollments: Table[Enrollment] = Table(
            key=lambda row: row.id, group=lambda row: row.contact
        )
        self.excluded: set[str] = set()
        self.batches: dict[str, Batch] = {}
