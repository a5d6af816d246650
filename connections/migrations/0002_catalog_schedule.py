"""Asks django-q2 to look every ten minutes for accounts whose catalog is stale."""

from django.db import migrations

NAME = "meshes catalogs"


def create(apps, _schema_editor):
    """Add the schedule unless it is there already."""
    schedules = apps.get_model("django_q", "Schedule").objects
    schedules.get_or_create(
        name=NAME,
        defaults={
            "func": "connections.tasks.refresh_stale_catalogs",
            "schedule_type": "I",
            "minutes": 10,
            "repeats": -1,
        },
    )


def remove(apps, _schema_editor):
    """Take the schedule away again."""
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    """One row in django-q2's table of schedules."""

    dependencies = [
        ("connections", "0001_initial"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [migrations.RunPython(create, remove)]
