"""Soft deletion: a row is marked as deleted once nothing alive hangs on it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from meshes.models import Configuration


class StillInUse(Exception):
    """Other rows need this one; the message counts them."""


def retire(row: Configuration, *, by: str, now: datetime) -> None:
    """Mark the row as deleted.

    Raises: StillInUse, with a sentence that says what to delete first.
    """
    with transaction.atomic():
        type(row).objects.select_for_update().get(pk=row.pk)
        if users := in_use_by(row):
            raise StillInUse(f"{row} is still in use: {', '.join(users)}. Delete these first.")
        row.deleted_at = now
        row._change_reason = f"deleted by {by}"[:100]  # type: ignore[attr-defined]
        row.save(update_fields=["deleted_at", "updated_at"])


def in_use_by(row: Configuration) -> list[str]:
    """What hangs on the row, as words: ["2 connections", "1 rule"].

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
        noun = table._meta.verbose_name if count == 1 else table._meta.verbose_name_plural
        found += [f"{count} {noun}"] if count else []
    return found
