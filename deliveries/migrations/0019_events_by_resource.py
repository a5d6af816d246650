from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deliveries", "0018_vacuum_in_time")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("resource", "global"), _negated=True),
                fields=["workspace", "resource", "-id"],
                name="event_by_resource",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("resource_id", ""), _negated=True),
                fields=["workspace", "resource_id", "-id"],
                name="event_by_resource_id",
            ),
        ),
    ]
