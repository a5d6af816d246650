"""Registers the meshes room with Django."""

from django.apps import AppConfig


class MeshesConfig(AppConfig):
    """The meshes room."""

    name = "meshes"
    verbose_name = "Workspaces and access"

    def ready(self) -> None:
        """Let the system checks register themselves."""
        from meshes import checks  # noqa: F401
