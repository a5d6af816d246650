"""Calls the versions of a mapping what people call them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("rules", "0002_starting_again"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="mappingversion",
            options={"verbose_name": "field mapping"},
        ),
    ]
