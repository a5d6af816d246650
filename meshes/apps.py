"""Registers the meshes room with Django."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class MeshesConfig(AppConfig):
    """The meshes room."""

    name = "meshes"
    verbose_name = "Workspaces and access"

    def ready(self) -> None:
        """Let the checks register themselves, roles follow migrations, and reporting start."""
        from meshes import checks, reporting, sign_in_records  # noqa: F401
        from meshes.roles import give_roles

        sign_in_records.connect()
        # The last room to be migrated: by then the permissions of all of them exist.
        post_migrate.connect(
            give_roles, sender=apps.get_app_config("deliveries"), dispatch_uid="meshes.roles"
        )
        reporting.start()
