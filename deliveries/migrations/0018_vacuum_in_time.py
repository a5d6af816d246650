"""Lets PostgreSQL clear what updates and retention leave, before it is much.

Why: a delivery is written anew three times on its way. By itself the server clears a table
when a fifth of its rows are dead, which in a long history is millions, and every claim
passes by those of its account.
"""

from django.db import migrations

TABLES = ("deliveries_event", "deliveries_delivery", "deliveries_attempt")
SETTINGS = {
    "autovacuum_vacuum_scale_factor": 0.05,
    "autovacuum_vacuum_insert_scale_factor": 0.05,
    "autovacuum_analyze_scale_factor": 0.05,
}


def come_earlier(_apps, schema_editor):
    """Clear when a twentieth is dead."""
    values = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items())
    _alter(schema_editor, f"SET ({values})")


def come_as_usual(_apps, schema_editor):
    """Clear when the server's own settings say so."""
    _alter(schema_editor, f"RESET ({', '.join(SETTINGS)})")


def _alter(schema_editor, change):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"ALTER TABLE {table} {change}")


class Migration(migrations.Migration):
    """Only for PostgreSQL; SQLite writes rows in place."""

    dependencies = [("deliveries", "0017_canary")]
    operations = [migrations.RunPython(come_earlier, come_as_usual)]
