"""A replay of very many deliveries knows its total only at its end."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deliveries", "0010_history_indexes")]

    operations = [
        migrations.AddField(
            model_name="backgroundjob",
            name="total_estimated",
            field=models.BooleanField(default=False, db_default=False),
        )
    ]
