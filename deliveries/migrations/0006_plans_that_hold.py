"""Keeps PostgreSQL from planning claims by a moment at which nothing waited.

Why: statistics taken while (nearly) every delivery is completed say that no other status
exists. Every partial index then looks equally empty, and a claim in the next burst reads
the wrong one, hundreds of rows for one. Without statistics of this column the planner
assumes that each status has its share, and takes the indexes that were made for claims.
"""

from django.db import migrations

TABLE = "deliveries_delivery"


def forget(_apps, schema_editor):
    """Take no statistics of the status, and drop the present ones; the rows stay as they are."""
    _alter(schema_editor, "SET STATISTICS 0")
    _alter(schema_editor, "TYPE varchar(10)")


def take_again(_apps, schema_editor):
    """Take statistics of the status as of any other column."""
    _alter(schema_editor, "SET STATISTICS -1")


def _alter(schema_editor, change):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE {TABLE} ALTER COLUMN status {change}")


class Migration(migrations.Migration):
    """Only for PostgreSQL; SQLite has no such statistics unless it is asked for them."""

    dependencies = [("deliveries", "0005_history_schedule")]
    operations = [migrations.RunPython(forget, take_again)]
