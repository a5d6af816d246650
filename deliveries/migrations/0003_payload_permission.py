"""Makes seeing what an event carries a permission of its own."""

from django.db import migrations


class Migration(migrations.Migration):
    """No change of the table; the permission is created after migrating."""

    dependencies = [("deliveries", "0002_housekeeping_schedule")]
    operations = [
        migrations.AlterModelOptions(
            name="event",
            options={"permissions": [("view_payload", "Can see the payload of events")]},
        ),
    ]
