"""Migrations only add, so that the release before can write while an upgrade is under way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db.migrations import operations
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

OURS = ("meshes", "connections", "rules", "deliveries")
HARMLESS = (
    operations.CreateModel,
    operations.AddIndex,
    operations.RunPython,
    operations.AlterModelOptions,
    operations.RemoveIndex,
    operations.RenameIndex,
)
WORDS_ALONE = {
    "deliveries.0014_event_hours",
    "connections.0005_names_end_where_they_end",
    "meshes.0007_names_end_where_they_end",
}
"""Migrations whose AlterField changes what forms take for a column, nothing in the database."""


def later_steps() -> Iterator[tuple[str, object]]:
    """Every operation of ours on a table that an earlier migration made, with its migration."""
    for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items()):
        steps = migration.operations
        new = {step.name.lower() for step in steps if isinstance(step, operations.CreateModel)}
        for step in steps if app in OURS else ():
            if getattr(step, "model_name", "") not in new:
                yield f"{app}.{name}", step


def keeps_writers(name: str, operation: object) -> bool:
    """Whether code that does not know of the change can insert rows after it."""
    if isinstance(operation, operations.AddField):
        field = operation.field
        return field.null or field.many_to_many or field.db_default is not NOT_PROVIDED
    if isinstance(operation, operations.AlterField):
        return name in WORDS_ALONE
    return isinstance(operation, HARMLESS)


@pytest.mark.parametrize(
    ("name", "operation"),
    [pytest.param(n, o, id=f"{n}-{p}") for p, (n, o) in enumerate(later_steps())],
)
def test_the_release_before_can_still_write(name, operation):
    assert keeps_writers(name, operation)
