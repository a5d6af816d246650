"""Puts the default organization in place, so that a first workspace has a home."""

from django.db import migrations

NAME = "Default"


def create(apps, _schema_editor):
    """Add the organization unless one is there already."""
    organizations = apps.get_model("meshes", "Organization").objects
    if not organizations.exists():
        organizations.create(name=NAME)


class Migration(migrations.Migration):
    """One row; taking it back leaves it, as workspaces may hang on it."""

    dependencies = [("meshes", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
