"""Asks django-q2 to run the recurring tasks; the housekeeping also restarts a missing pump."""

from django.db import migrations

SCHEDULES = {
    "meshes housekeeping": ("deliveries.tasks.keep_house", 1),
    "meshes catalogs": ("connections.tasks.refresh_stale_catalogs", 15),
}


def create(apps, _schema_editor):
    """Add the schedules unless they are there already."""
    schedules = apps.get_model("django_q", "Schedule").objects
    for name, (func, minutes) in SCHEDULES.items():
        values = {"func": func, "schedule_type": "I", "minutes": minutes, "repeats": -1}
        schedules.get_or_create(name=name, defaults=values)


def remove(apps, _schema_editor):
    """Take the schedules away again."""
    apps.get_model("django_q", "Schedule").objects.filter(name__in=SCHEDULES).delete()


class Migration(migrations.Migration):
    """Two rows in django-q2's table of schedules."""

    dependencies = [
        ("deliveries", "0001_initial"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [migrations.RunPython(create, remove)]
