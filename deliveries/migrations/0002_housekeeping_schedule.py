"""Asks django-q2 to run the housekeeping every minute, which also restarts a missing pump."""

from django.db import migrations

NAME = "meshes housekeeping"


def create(apps, _schema_editor):
    """Add the schedule unless it is there already."""
    values = {"func": "deliveries.tasks.keep_house", "schedule_type": "I", "minutes": 1}
    schedules = apps.get_model("django_q", "Schedule").objects
    schedules.get_or_create(name=NAME, defaults={**values, "repeats": -1})


def remove(apps, _schema_editor):
    """Take the schedule away again."""
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    """One row in django-q2's table of schedules."""

    dependencies = [
        ("deliveries", "0001_initial"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [migrations.RunPython(create, remove)]
