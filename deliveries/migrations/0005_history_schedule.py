"""Asks django-q2 to look after the history every minute, apart from the other housekeeping."""

from django.db import migrations

NAME = "meshes history"


def create(apps, _schema_editor):
    """Add the schedule unless it is there already."""
    values = {"func": "deliveries.tasks.keep_history", "schedule_type": "I", "minutes": 1}
    schedules = apps.get_model("django_q", "Schedule").objects
    schedules.get_or_create(name=NAME, defaults={**values, "repeats": -1})


def remove(apps, _schema_editor):
    """Take the schedule away again."""
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    """One row in django-q2's table of schedules."""

    dependencies = [
        ("deliveries", "0004_jobs_batches_alerts_erasures"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [migrations.RunPython(create, remove)]
