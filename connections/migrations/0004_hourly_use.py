"""Counts the slots of an account, and keeps by the hour what became of its budget."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0003_pauses_and_bulk_import"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="slots_noted",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="account",
            name="slots_taken",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name="AccountHour",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("sent", models.PositiveBigIntegerField(default=0)),
                ("refused", models.PositiveBigIntegerField(default=0)),
                ("paused_s", models.FloatField(default=0.0)),
                ("asked", models.PositiveBigIntegerField(default=0)),
                ("others", models.FloatField(default=0.0)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hours",
                        to="connections.account",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "hour"), name="account_hour_unique")
                ],
            },
        ),
    ]
