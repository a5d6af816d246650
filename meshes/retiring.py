"""Soft deletion: a row is marked as deleted once nothing alive hangs on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from meshes.models import Configuration


@dataclass(frozen=True, slots=True)
class Use:
    """How many live rows of one table hang on a row, by which column of theirs."""

    table: type[Configuration]
    column: str
    count: int

    @property
    def words(self) -> str:
        """The use as words: `2 connections`."""
        names = self.table._meta
        return (
            f"{self.count} {names.verbose_name if self.count == 1 else names.verbose_name_plural}"
        )


class StillInUse(Exception):
    """Other rows need this one; the message counts them."""


def retire(row: Configuration, *, by: str, now: datetime) -> None:
    """Mark the row as deleted.

    Raises: StillInUse, with a sentence that says what to delete first.
    """
    with transaction.atomic():
        type(row).objects.select_for_update().get(pk=row.pk)
        if users := ", ".join(use.words for use in uses_of(row)):
            raise StillInUse(f"{row} is still in use: {users}. Delete these first.")
        row.deleted_at = now
        row._change_reason = f"deleted by {by}"[:100]  # type: ignore[attr-defined]
        row.save(update_fields=["deleted_at", "updated_at"])


def uses_of(row: Configuration) -> list[Use]:
    """What hangs on the row, table by table.

    Shape: rows that only describe this one, listed in its table's `PARTS`,
    go with it and do not count.
    """
    found = []
    for relation in type(row)._meta.related_objects:
        table, name = relation.related_model, relation.get_accessor_name()
        if not isinstance(table, type) or not issubclass(table, Configuration):
            continue
        if relation.many_to_many or name in getattr(row, "PARTS", ()):
            continue
        count = table.objects.live().filter(**{relation.field.name: row}).count()
        found += [Use(table, relation.field.name, count)] if count else []
    return found
